import { Code, Stack, Text } from "@mantine/core";
import type { Column } from "~/components/column";
import { PlainTable } from "~/components/PlainTable";
import { type Canonical, type CanonicalProperty, sourcesOf } from "./canonical";

interface Props {
  text: string;
  canonical: Canonical | undefined;
}

/** The canonical schema of the mapping: what its records may hold, and which raw field writes it. */
export function SchemaPanel({ text, canonical }: Props) {
  if (!canonical) {
    return (
      <Text c="dimmed">
        This entity type has no canonical schema: its records are open documents. A normalization may name the schema of
        another one, such as <Code>"schema": "item"</Code>.
      </Text>
    );
  }
  const { name, checked, properties } = canonical;
  const sources = sourcesOf(text);
  return (
    <Stack gap="md">
      {checked ? (
        <Text c="dimmed">
          Records are held to the canonical schema <b>{name}</b>: one that does not fit it fails.
        </Text>
      ) : (
        <Text c="dimmed">
          Records are not held to it: <Code>"schema": "{name}"</Code> in normalization does that.
        </Text>
      )}
      <PlainTable
        name={`Canonical schema ${name}`}
        verticalSpacing={4}
        fz="sm"
        rows={properties}
        rowId={(one) => one.path}
        columns={[
          ...COLUMNS,
          { id: "source", header: "Written from", cell: (one) => <Source path={sources.get(one.path)} /> },
        ]}
      />
    </Stack>
  );
}

const COLUMNS: Column<CanonicalProperty>[] = [
  {
    id: "property",
    header: "Property",
    cell: ({ path, required }) => (
      <>
        <Code>{path}</Code>
        {required && " required"}
      </>
    ),
  },
  { id: "type", header: "Type", cell: ({ type }) => type },
  { id: "meaning", header: "Meaning", cell: ({ meaning }) => meaning },
  {
    id: "systems",
    header: "In systems",
    cell: ({ systems }) => systems.map(([system, name]) => <Text key={system} fz="xs">{`${system}: ${name}`}</Text>),
  },
];

function Source({ path }: { path: string | undefined }) {
  return path === undefined ? <Text c="dimmed">no field</Text> : <Code>{path}</Code>;
}
