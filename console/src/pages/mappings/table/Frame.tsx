import { Group, Stack, Text } from "@mantine/core";
import { profileKind } from "~/components/pick/choices";
import { Pick } from "~/components/pick/Pick";
import type { Canonical } from "../canonical";
import { set } from "./edits";
import { type Known, NameInput } from "./inputs";
import { block, type Table, textAt } from "./rows";
import type { SystemSide } from "./useSystems";

interface Props {
  table: Table;
  text: string;
  onChange: (text: string) => void;
  source: SystemSide;
  target: SystemSide;
  columns: readonly Known[];
  written: readonly Known[];
  schemas: readonly string[];
  canonical: Canonical | undefined;
}

/** From where to where: the two systems, what is read and written there, and what names a record. */
export function Frame({ table, text, onChange, source, target, columns, written, schemas }: Props) {
  const extraction = block(table.document, "extraction");
  const transformation = block(table.document, "transformation");
  const into = block(transformation, "target");
  const mode = textAt(extraction, "mode") || "config";
  const put = (path: string[], empty?: unknown) => (value: string) => onChange(set(text, path, value || empty));
  const named = (names: readonly string[]) => names.map((name) => ({ name }));
  const matchKey = transformation.matchKey;
  return (
    <Stack gap="xs">
      <Group gap="sm" align="flex-start">
        <Pick
          kind={profileKind}
          label="Source"
          description={<Said side={source} what="columns" />}
          placeholder="Choose a profile"
          value={source.profile}
          onChange={source.choose}
          w={200}
        />
        {mode === "config" && (
          <NameInput
            label="Table"
            value={textAt(extraction, "table")}
            onChange={put(["extraction", "table"], "")}
            known={named(source.tables)}
          />
        )}
        {mode === "api" && (
          <NameInput
            label="Endpoint"
            value={textAt(extraction, "endpoint")}
            onChange={put(["extraction", "endpoint"])}
            known={[]}
          />
        )}
        <NameInput
          label="ID column"
          value={textAt(extraction, "idColumn")}
          onChange={put(["extraction", "idColumn"], "")}
          known={columns}
        />
        <NameInput
          label="Cursor column"
          placeholder="None: reads all"
          value={textAt(extraction, "cursorColumn")}
          onChange={put(["extraction", "cursorColumn"], null)}
          known={columns}
        />
        <NameInput
          label="Entity type"
          value={textAt(table.document, "entityType")}
          onChange={put(["entityType"], "")}
          known={named(schemas)}
        />
      </Group>
      <Group gap="sm" align="flex-start">
        <Pick
          kind={profileKind}
          label="Target"
          description={<Said side={target} what="fields" />}
          placeholder="Choose a profile"
          value={target.profile}
          onChange={target.choose}
          w={200}
        />
        {(target.tables.length > 0 || "table" in into) && (
          <NameInput
            label="Target table"
            value={textAt(into, "table")}
            onChange={put(["transformation", "target", "table"])}
            known={named(target.tables)}
          />
        )}
        {!Array.isArray(matchKey) && (
          <NameInput
            label="Match key"
            value={textAt(transformation, "matchKey")}
            onChange={put(["transformation", "matchKey"])}
            known={written}
          />
        )}
      </Group>
    </Stack>
  );
}

function Said({ side, what }: { side: SystemSide; what: string }) {
  if (!side.profile) return null;
  return (
    <Text span inherit>
      {side.unknown
        ? `Its ${what} are not known: ${side.unknown}`
        : side.settled
          ? `${side.fields.length} ${what}`
          : "Asked…"}
    </Text>
  );
}
