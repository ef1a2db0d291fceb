import { Paper, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";

interface Props {
  title: string;
  purpose?: ReactNode;
  children: ReactNode;
}

/** The frame of pages for those who are not signed in. */
export function Card({ title, purpose, children }: Props) {
  useDocumentTitle(`${title} · Syncline`);
  return (
    <main style={{ minHeight: "100vh", display: "grid", placeItems: "center", padding: 16 }}>
      <Paper withBorder radius="md" p="xl" w="100%" maw={400} bg="var(--sl-surface)">
        <Stack gap="md">
          <div>
            <img src="/icon.svg" alt="Syncline" width={36} height={36} />
            <Title order={1} size={22} mt="xs">
              {title}
            </Title>
            {purpose && (
              <Text c="dimmed" mt={4} component="div">
                {purpose}
              </Text>
            )}
          </div>
          {children}
        </Stack>
      </Paper>
    </main>
  );
}
