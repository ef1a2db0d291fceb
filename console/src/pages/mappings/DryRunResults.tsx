import { Alert, Group, Text } from "@mantine/core";
import type { Schema } from "~/api/client";
import { PayloadView } from "~/components/PayloadView";
import { Findings } from "~/components/ProblemAlert";
import { CopyId, StatusBadge } from "~/components/values";
import { plural } from "~/state/format";
import { FieldErrors } from "./FieldErrors";
import classes from "./mappings.module.css";

interface Props {
  found: Schema<"DryRun">;
  /** Leads to a place in the mapping. */
  onJump: (path: string) => void;
}

/** What records became: raw, canonical and payload side by side, and what is wrong with each. */
export function DryRunResults({ found, onJump }: Props) {
  return (
    <section aria-label="Results of the dry run">
      {found.warnings.length > 0 && (
        <Alert color="yellow" mb="sm" title="Is this meant?">
          <Findings of={found.warnings} json />
        </Alert>
      )}
      {found.records.length === 0 ? (
        <Text>The source gave no records.</Text>
      ) : (
        <Records found={found} onJump={onJump} />
      )}
    </section>
  );
}

function Records({ found, onJump }: Props) {
  const failed = found.records.filter((record) => record.outcome === "failed").length;
  return (
    <>
      <Text mb="xs" aria-live="polite">
        {plural(found.records.length, "record")}
        {found.source && (
          <>
            {" "}
            from <b>{found.source}</b>
          </>
        )}
        , {failed === 0 ? "none fails" : `${failed} would fail`}
        {found.onCreate.length > 0 && <>. Sent only when a record is created: {found.onCreate.join(", ")}</>}
      </Text>
      {found.records.map((record, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pasted records may have no ID
        <article key={index} className={classes.record} aria-label={`Record ${record.sourceId}`}>
          <Group gap="sm" mb="xs">
            <CopyId value={record.sourceId || "(no ID)"} what="source ID" />
            <StatusBadge of="trial" state={record.outcome} />
          </Group>
          <FieldErrors errors={record.errors} onJump={onJump} />
          <div className={classes.forms}>
            <PayloadView payload={record.raw} label="Raw" maxHeight={260} />
            <PayloadView
              payload={record.canonical}
              label="Canonical"
              maxHeight={260}
              missing="Canonical: not reached"
            />
            <PayloadView payload={record.payload} label="Payload" maxHeight={260} missing="Payload: not reached" />
          </div>
        </article>
      ))}
    </>
  );
}
