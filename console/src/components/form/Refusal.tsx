import { Alert, Button, Group, Text } from "@mantine/core";
import type { Problem } from "~/api/problem";
import { ProblemAlert } from "~/components/ProblemAlert";
import { toast } from "~/components/toast";
import { absolute, zoneLabel } from "~/state/format";
import { zoneChoice, zoneName } from "~/state/zone";
import { deferred } from "../deferred";
import type { FormDraft } from "./useDraft";

const Comparison = deferred(() => import("./Comparison"), 0);

interface Props<V> {
  form: { draft: FormDraft<V>; problem: Problem | undefined; clearProblem: () => void };
  /** An editor of JSON: places are named by their paths. */
  json?: boolean;
  /** The form's name of a field where it is not made of the path. */
  label?: (path: string[]) => string | undefined;
}

/** What stands above the fields: a draft of before, why it was not saved, and what somebody else saved meanwhile. */
export function Refusal<V extends object>({ form: { draft, problem, clearProblem }, json, label }: Props<V>) {
  return (
    <>
      <Offer draft={draft} />
      {problem?.status === 412 ? (
        <Alert color="yellow" title="Somebody else has saved this meanwhile" role="alert">
          <Group justify="space-between">
            What you typed is still here.
            <Button size="compact-sm" variant="default" onClick={() => void draft.compare().catch(toast.failed)}>
              Compare
            </Button>
          </Group>
        </Alert>
      ) : (
        <ProblemAlert error={problem} json={json} />
      )}
      {draft.conflict && (
        <Comparison
          {...draft.conflict}
          secrets={draft.secrets}
          label={label}
          onEnd={(merged) => {
            if (merged) clearProblem();
            draft.settle(merged as V | null);
          }}
        />
      )}
    </>
  );
}

/** A draft of before: to go on with, or to throw away. */
function Offer({ draft: { offer, version, goOn, throwAway, secrets } }: { draft: Omit<FormDraft<object>, "settle"> }) {
  const zone = zoneName(zoneChoice.use());
  if (!offer) return null;
  const today = absolute(Date.now(), zone).slice(0, 10);
  const [day, clock] = absolute(offer.at, zone).slice(0, 16).split(" ");
  const time = `${day === today ? "" : `${day} `}${clock} ${zoneLabel(offer.at, zone)}`;
  return (
    <Alert color="blue" title={`You have unsaved changes of ${time}`} role="status">
      <Group justify="space-between">
        <Text>
          They are kept in this browser.
          {offer.version !== version && " Somebody has saved it since: both are shown side by side."}
          {secrets && " Passwords are never kept: type them again."}
        </Text>
        <Group gap="xs">
          <Button size="compact-sm" onClick={goOn}>
            Go on
          </Button>
          <Button size="compact-sm" variant="default" onClick={throwAway}>
            Throw away
          </Button>
        </Group>
      </Group>
    </Alert>
  );
}
