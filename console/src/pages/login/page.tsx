import { Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { api } from "~/api/client";
import { ByPassword, Refused } from "./ByPassword";
import { Card } from "./Card";
import { enter, nextPage, useLink } from "./entering";

export default function LoginPage() {
  const link = useLink();
  const setup = useQuery({ queryKey: ["setup"], queryFn: () => api.get("/api/v1/setup") });
  if (setup.data?.needed && !link) return <NotSetUp />;
  return (
    <Card title="Sign in">
      {link && <ByLink link={link} />}
      <ByPassword onSignedIn={() => enter(nextPage(location.search))} />
    </Card>
  );
}

function NotSetUp() {
  return (
    <Card title="Welcome to Syncline" purpose="Nobody can sign in yet.">
      <Text>
        Open the set-up link that the gateway wrote into its log when it started, as <code>set_up_needed</code>. There
        you choose the name and the password of the first Platform Admin.
      </Text>
    </Card>
  );
}

/** A link of `syncline dev` signs in by itself. */
function ByLink({ link }: { link: string }) {
  const { mutate, error } = useMutation({
    mutationFn: (given: string) => api.post("/api/v1/session/link", { body: { link: given } }),
    onSuccess: () => enter(nextPage(location.search)),
  });
  useEffect(() => mutate(link), [mutate, link]);
  if (!error) return <Text>Signing in…</Text>;
  return <Refused error={error} />;
}
