import { Alert, List, Stack, Text } from "@mantine/core";
import type { Schema } from "~/api/client";
import { helpOfNotice } from "~/app/help";
import { links } from "~/app/links";
import { HelpLink } from "~/components/Help";
import { PageLink } from "~/components/values";
import { plural } from "~/state/format";

/** What a run tells of itself that is no failure: each with its records, as far as it names them. */
export function Notices({ notices }: { notices: Schema<"Notice">[] }) {
  if (notices.length === 0) return null;
  return (
    <Alert color="yellow" mt={8} title="What this run wants you to know" styles={TITLE}>
      <Stack gap={6}>
        {notices.map((one) => (
          <div key={one.code}>
            <Text style={{ overflowWrap: "anywhere" }}>
              {one.message}
              {one.count ? ` (${plural(one.count, "record")})` : ""}{" "}
              <HelpLink to={helpOfNotice(one.code)} of={one.code} />
            </Text>
            <Named ids={one.sourceIds ?? []} of={one.count ?? 0} />
          </div>
        ))}
      </Stack>
    </Alert>
  );
}

const TITLE = { title: { color: "var(--sl-warn-text)", fontSize: 14 } };

function Named({ ids, of }: { ids: readonly string[]; of: number }) {
  if (ids.length === 0) return null;
  return (
    <List size="sm" listStyleType="none" aria-label="Records">
      {ids.map((id) => (
        <List.Item key={id}>
          <PageLink to={links.record(id)}>{id}</PageLink>
        </List.Item>
      ))}
      {of > ids.length && <List.Item>and {plural(of - ids.length, "more record")}</List.Item>}
    </List>
  );
}
