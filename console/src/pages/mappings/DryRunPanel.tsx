import { Button, Group, NumberInput, SegmentedControl, Stack, Text, Textarea } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { api } from "~/api/client";
import { isJson, JsonText } from "~/api/lossless";
import { refetch } from "~/api/query";
import { useLacking } from "~/api/session";
import { useApiForm } from "~/components/form/form";
import { May } from "~/components/May";
import { ProblemAlert } from "~/components/ProblemAlert";
import { profileKind } from "~/components/pick/choices";
import { Pick } from "~/components/pick/Pick";
import { wrapped } from "./check";
import { DryRunResults } from "./DryRunResults";

interface Props {
  /** Of the stored mapping; null for one that is not saved yet. */
  name: string | null;
  text: string;
  onJump: (path: string) => void;
}

const PASTED = { value: "pasted", label: "Pasted" };
const WAYS = [{ value: "first", label: "First records" }, { value: "ids", label: "By ID" }, PASTED];

/** Up to 20 records through the text as it is: raw, canonical and payload side by side. Nothing is written. */
export function DryRunPanel({ name, text, onJump }: Props) {
  const mayRead = !useLacking("payloads");
  const form = useApiForm({
    initial: { way: mayRead ? "first" : "pasted", limit: 5, ids: "", pasted: '[\n  { "id": "1" }\n]', profile: "" },
    send: ({ way, limit, ids, pasted, profile }) => {
      const source = profile ? { profile } : {};
      const records = way === "first" ? { limit } : { sourceIds: ids.split(/[\s,]+/).filter(Boolean) };
      const body =
        way === "pasted"
          ? new JsonText(`{"document": ${text}, "records": ${listOf(pasted)}}`)
          : wrapped(text, { ...source, ...records });
      return name === null
        ? api.post("/api/v1/mapping-configs/dry-run", { body })
        : api.post("/api/v1/mapping-configs/{name}/dry-run", { path: { name }, body });
    },
    onSent: () => refetch("audit-log"),
  });
  const { way, ids, pasted } = form.values;
  const ready = isJson(text) && (way !== "pasted" || isJson(pasted)) && (way !== "ids" || ids.trim() !== "");
  return (
    <Stack gap="md">
      <Text c="dimmed">
        Runs records through the text above, by the code that the workers run. Nothing is written anywhere.
      </Text>
      <May permission="payloads" to="dry-run what a source holds, but what you paste" />
      <Group align="flex-end" gap="sm">
        <SegmentedControl
          aria-label="Records to take"
          data={mayRead ? WAYS : [PASTED]}
          size="sm"
          {...form.field("way")}
        />
        {way === "first" && (
          <NumberInput label="Records" min={1} max={20} allowDecimal={false} w={100} {...form.field("limit")} />
        )}
        {way === "ids" && (
          <Textarea label="Source IDs" placeholder="A1, A2" autosize minRows={1} w={260} {...form.field("ids")} />
        )}
        {way !== "pasted" && (
          <Pick
            kind={profileKind}
            label="Source"
            placeholder={name === null ? "Choose a profile" : "Of its instance"}
            clearable
            w={220}
            {...form.field("profile")}
          />
        )}
        <Button
          leftSection={<IconPlayerPlay size={16} />}
          onClick={() => form.send()}
          loading={form.pending}
          disabled={!ready}
        >
          Dry run
        </Button>
      </Group>
      {way === "pasted" && (
        <Textarea
          label="Raw records"
          description="A JSON object, or a list of up to 20"
          autosize
          minRows={4}
          maxRows={14}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12.5 } }}
          {...form.field("pasted")}
          error={isJson(pasted) ? undefined : "This is no JSON"}
        />
      )}
      <ProblemAlert error={form.problem} json />
      {form.result && <DryRunResults found={form.result} onJump={onJump} />}
    </Stack>
  );
}

function listOf(text: string): string {
  return text.trimStart().startsWith("[") ? text : `[${text}]`;
}
