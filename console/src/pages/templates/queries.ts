import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";

type Kind = Schema<"TemplateDocument">["kind"];

export function useTemplates() {
  return useQuery({ queryKey: ["templates"], queryFn: () => api.get("/api/v1/templates", {}), staleTime: Infinity });
}

export function useTemplate(name: string) {
  return useQuery({
    queryKey: ["template", name],
    queryFn: () => api.get("/api/v1/templates/{name}", { path: { name } }),
    enabled: name !== "",
    staleTime: Infinity,
  });
}

/** What the form of something new begins with, where its address names a document of a template. */
export function useGiven(kind: Kind, { template, document }: { template: string; document: string }) {
  const query = useTemplate(template);
  const found = query.data?.documents.find((one) => one.kind === kind && one.name === document);
  return {
    ready: template === "" || !query.isPending,
    given: found && { name: found.name, ...(found.document as Record<string, unknown>) },
  };
}
