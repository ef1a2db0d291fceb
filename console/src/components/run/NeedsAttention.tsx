import { Alert } from "@mantine/core";
import { links } from "~/app/links";
import { PageLink } from "~/components/values";

interface Props {
  run: { correlationId: string; needsAttention: string | null };
}

/** Why a run waits for a person, and what the person can do. */
export function NeedsAttention({ run }: Props) {
  return (
    <Alert color="red" variant="light" radius="sm" mt={8} title="Needs attention">
      {run.needsAttention}. Look at <PageLink to={links.deadLetters({ run: run.correlationId })}>what failed</PageLink>,
      then resume the run, which accepts these failures, or cancel it. Until then nothing is read or written for it.
    </Alert>
  );
}
