import { Button, Group, NumberInput, Stack, Text, Title } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { api, type Schema } from "~/api/client";
import { isJson } from "~/api/lossless";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { useApiForm } from "~/components/form/form";
import { May } from "~/components/May";
import { PlainTable } from "~/components/PlainTable";
import { ProblemAlert } from "~/components/ProblemAlert";
import { CopyId, PageLink, StatusBadge } from "~/components/values";
import { count, plural } from "~/state/format";
import { CHANGES } from "./ActivationQuestion";
import { wrapped } from "./check";
import { FieldErrors } from "./FieldErrors";
import classes from "./mappings.module.css";

interface Props {
  name: string;
  text: string;
  onJump: (path: string) => void;
}

/** What the text would change for records that were read lately, and which dead letters it would repair. */
export function TrialPanel({ name, text, onJump }: Props) {
  const form = useApiForm({
    initial: { limit: 100 },
    send: (values) =>
      api.post("/api/v1/mapping-configs/{name}/try-draft", { path: { name }, body: wrapped(text, values) }),
  });
  return (
    <May permission="payloads" to="try a draft on stored records">
      <Stack gap="md">
        <Text c="dimmed">
          Compares the text above with the active version, over the newest stored records and the pending dead letters.
          Nothing is written anywhere.
        </Text>
        <Group align="flex-end" gap="sm">
          <NumberInput
            label="Stored records"
            min={1}
            max={1000}
            allowDecimal={false}
            w={140}
            {...form.field("limit")}
          />
          <Button
            leftSection={<IconFlask size={16} />}
            onClick={() => form.send()}
            loading={form.pending}
            disabled={!isJson(text)}
          >
            Try draft
          </Button>
        </Group>
        <ProblemAlert error={form.problem} json />
        {form.result && <Results found={form.result} onJump={onJump} />}
      </Stack>
    </May>
  );
}

function Results({ found, onJump }: { found: Schema<"Trial">; onJump: (path: string) => void }) {
  return (
    <section aria-label="Results of the trial">
      <div className={classes.facts} aria-live="polite">
        <Text>{plural(found.compared, "stored record")} compared:</Text>
        {CHANGES.filter((kind) => found.counts[kind]).map((kind) => (
          <Group key={kind} gap={6}>
            <b>{count(found.counts[kind])}</b>
            <StatusBadge of="trial" state={kind} />
          </Group>
        ))}
      </div>
      {found.compared === 0 && (
        <Text c="dimmed">
          No raw record of this mapping is stored: they are kept for some days, and unchanged ones never were.
        </Text>
      )}
      {found.records.map((record) => (
        <article key={record.correlationId + record.sourceId} className={classes.record}>
          <Group gap="sm" mb={4}>
            <PageLink to={links.record(record.sourceId)}>{record.sourceId}</PageLink>
            <StatusBadge of="trial" state={record.change} />
          </Group>
          <FieldErrors errors={record.after.errors} onJump={onJump} />
          {record.differences.length > 0 && (
            <PlainTable
              name={`What changes in ${record.sourceId}`}
              withRowBorders={false}
              verticalSpacing={2}
              fz="sm"
              columns={DIFFERENCES}
              rows={record.differences}
              rowId={(one) => one.path}
            />
          )}
        </article>
      ))}
      <Letters found={found} onJump={onJump} />
    </section>
  );
}

type Difference = Schema<"TriedRecord">["differences"][number];

const DIFFERENCES: Column<Difference>[] = [
  { id: "field", header: "Field", cell: (one) => <code>{one.path.replace("$.", "")}</code> },
  { id: "now", header: "Now", cell: (one) => <code>{one.old ?? "–"}</code> },
  { id: "draft", header: "With the draft", cell: (one) => <code>{one.new ?? "–"}</code> },
];

function Letters({ found, onJump }: { found: Schema<"Trial">; onJump: (path: string) => void }) {
  return (
    <div className={classes.record}>
      <Title order={3} size={15}>
        Dead letters
      </Title>
      <Text>
        {found.lettersTried === 0
          ? "None is pending that a mapping could repair."
          : `${found.lettersRepaired} of ${plural(found.lettersTried, "pending dead letter")} would pass.`}
        {found.lettersUntold > 0 &&
          ` ${plural(found.lettersUntold, "other")} failed at the source or the target, which a draft cannot tell.`}
      </Text>
      {found.letters.map((letter) => (
        <Stack key={letter.id} gap={2} mt="xs">
          <Group gap="sm">
            <StatusBadge of="trial" state={letter.repaired ? "repaired" : "failed"} />
            <PageLink to={links.deadLetter(letter.id)}>{letter.sourceId ?? "no source ID"}</PageLink>
            <CopyId value={letter.id} what="dead letter" />
          </Group>
          <Text c="dimmed">{letter.error}</Text>
          {!letter.repaired && <FieldErrors errors={letter.after.errors} onJump={onJump} />}
        </Stack>
      ))}
    </div>
  );
}
