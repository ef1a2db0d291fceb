import { Group, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";
import { helpOf } from "~/app/help";
import { HelpLink } from "~/components/Help";
import { PageLink } from "~/components/values";

export interface PageHeaderProps {
  title: string;
  /** One line: what the page is for. */
  purpose?: ReactNode;
  /** Where a detail page belongs: `{ title: "Runs", to: links.runs() }`. */
  parent?: { title: string; to: string } | undefined;
  /** Beside the title: a status badge, an ID. */
  beside?: ReactNode;
  /** The page's word in `app/help`, where the docs explain it. */
  help?: string | undefined;
  /** At the right: the main action last. */
  actions?: ReactNode;
}

export function PageHeader({ title, purpose, parent, beside, help, actions }: PageHeaderProps) {
  const place = help && helpOf(help);
  useDocumentTitle(`${title} · Syncline`);
  return (
    <Group justify="space-between" align="flex-end" mb="md" gap="sm">
      <div style={{ minWidth: 0 }}>
        {parent && (
          <Text mb={2} component="nav" aria-label="Breadcrumb">
            <PageLink to={parent.to}>{parent.title}</PageLink> <span aria-hidden>/</span>
          </Text>
        )}
        <Group gap="sm" style={{ minWidth: 0 }}>
          <Title order={1} size={22} fw={650} lh={1.25} style={{ minWidth: 0, overflowWrap: "anywhere" }}>
            {title}
          </Title>
          {beside}
          {place && <HelpLink to={place} of={title} />}
        </Group>
        {purpose && (
          <Text c="dimmed" mt={2} component="div">
            {purpose}
          </Text>
        )}
      </div>
      {actions && <Group gap="xs">{actions}</Group>}
    </Group>
  );
}
