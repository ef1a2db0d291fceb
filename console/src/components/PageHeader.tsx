import { Group, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";
import { PageLink } from "~/components/values";

export interface PageHeaderProps {
  title: string;
  /** One line: what the page is for. */
  purpose?: ReactNode;
  /** Where a detail page belongs: `{ title: "Runs", to: links.runs() }`. */
  parent?: { title: string; to: string } | undefined;
  /** Beside the title: a status badge, an ID. */
  beside?: ReactNode;
  /** At the right: the main action last. */
  actions?: ReactNode;
}

export function PageHeader({ title, purpose, parent, beside, actions }: PageHeaderProps) {
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
