import { Stack, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** A part of an entry's page under a title of its own. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap={6} component="section" aria-label={title}>
      <Title order={2} size={14}>
        {title}
      </Title>
      {children}
    </Stack>
  );
}
