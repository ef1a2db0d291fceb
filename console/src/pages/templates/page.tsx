import { Badge, Button, Group, Select, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";
import { links } from "~/app/links";
import { Panel } from "~/components/form/editor";
import { PageHeader } from "~/components/PageHeader";
import { PayloadView } from "~/components/PayloadView";
import { ProblemAlert } from "~/components/ProblemAlert";
import { PageLink, PlainLink } from "~/components/values";
import { useUrlState } from "~/state/url";
import { useTemplate, useTemplates } from "./queries";

type Document = Schema<"TemplateDocument">;

/** Where documents of a kind are, and where one is made. */
const KINDS = {
  Profile: {
    word: "Connection profile",
    list: (search: string) => api.get("/api/v1/connection-profiles", { query: { search } }),
    page: links.profile,
    create: links.newProfile,
  },
  Mapping: {
    word: "Mapping",
    list: (search: string) => api.get("/api/v1/mapping-configs", { query: { search } }),
    page: links.mapping,
    create: links.newMapping,
  },
  Instance: {
    word: "Instance",
    list: (search: string) => api.get("/api/v1/instances", { query: { search } }),
    page: links.instance,
    create: links.newInstance,
  },
} as const;

type Made = Document & { kind: keyof typeof KINDS };

function isMade(document: Document): document is Made {
  return document.kind in KINDS;
}

/** A ready instance, made one form after the other: each begins with what the template has. */
export default function TemplatesPage() {
  const [view, setView] = useUrlState("/signed-in/new/from-template");
  const templates = useTemplates();
  const chosen = useTemplate(view.template);
  return (
    <>
      <PageHeader
        title="From a template"
        help="template"
        parent={{ title: "Instances", to: links.instances() }}
        purpose="A ready instance between two systems: you change what is yours."
      />
      <Stack gap="md" maw={860}>
        <ProblemAlert error={templates.error ?? chosen.error} onRetry={() => void templates.refetch()} />
        {templates.data ? (
          <Select
            label="Template"
            placeholder="What is to be synced?"
            data={templates.data.items.map((one) => ({ value: one.name, label: one.title }))}
            value={view.template || null}
            onChange={(template) => setView({ template: template ?? "" })}
            searchable
            maw={640}
          />
        ) : (
          <Skeleton height={60} />
        )}
        {chosen.data && <Steps template={chosen.data} />}
      </Stack>
    </>
  );
}

function Steps({ template }: { template: Schema<"TemplateDetail"> }) {
  return (
    <>
      <Panel name="What it needs" titled>
        <Stack gap="sm">
          {template.documents.filter(isMade).map((document) => (
            <Step key={`${document.kind} ${document.name}`} template={template.name} document={document} />
          ))}
        </Stack>
        <Text c="dimmed" mt="md">
          Make them in this order, and come back here after each. Settings are examples: put in your own. Then try the
          mapping by its dry run, and trigger the instance.
        </Text>
      </Panel>
      {Object.entries(template.files).map(([name, text]) => (
        <PayloadView key={name} label={name} payload={text} />
      ))}
    </>
  );
}

function Step({ template, document: { kind, name } }: { template: string; document: Made }) {
  const of = KINDS[kind];
  const found = useQuery({
    queryKey: [of.page(""), "named", name],
    queryFn: async () => (await of.list(name)).items.some((one) => one.name === name),
    staleTime: 0,
  });
  return (
    <Group gap="sm">
      <Text w={150} c="dimmed">
        {of.word}
      </Text>
      <Text w={260}>{found.data ? <PageLink to={of.page(name)}>{name}</PageLink> : name}</Text>
      {found.data === true && (
        <Badge color="green" variant="light">
          is there
        </Badge>
      )}
      {found.data === false && (
        <Button
          size="compact-sm"
          variant="default"
          component={PlainLink}
          to={of.create({ template, document: name })}
          aria-label={`Create ${name}`}
        >
          Create
        </Button>
      )}
    </Group>
  );
}
