import { Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconPlugConnected } from "@tabler/icons-react";
import type { Schema } from "~/api/client";
import { ProblemAlert } from "~/components/ProblemAlert";
import { StatusBadge } from "~/components/StatusBadge";
import { Time } from "~/components/Time";
import { duration } from "~/state/format";
import classes from "./TestPanel.module.css";

export interface Tested {
  ok: boolean;
  checks: Schema<"ConnectionCheck">[];
  tookMs: number;
  at: string;
  /** The profile was changed after this test. */
  stale: boolean;
}

interface Props {
  result: Tested | null;
  error: unknown;
  running: boolean;
  onTest: () => void;
}

const WORDS: Record<string, string> = {
  host: "Host",
  tls: "TLS",
  login: "Login",
  permission: "Permission",
  data: "Data",
};

/** Test Connection: named checks, each with what it found and what to do about it. */
export function TestPanel({ result, error, running, onTest }: Props) {
  return (
    <Paper withBorder bg="var(--sl-surface)" p="md" component="section" aria-label="Connection test">
      <Group justify="space-between" mb="sm">
        <Title order={2} size={16}>
          Connection test
        </Title>
        <Button
          variant="light"
          leftSection={<IconPlugConnected size={16} />}
          loading={running}
          onClick={onTest}
          loaderProps={{ type: "dots" }}
        >
          Test connection
        </Button>
      </Group>
      {Boolean(error) && <ProblemAlert error={error} />}
      {!result && !error && (
        <Text size="sm" c="dimmed">
          Tries what the form says, also before it is saved. It takes at most 10 seconds and changes nothing.
        </Text>
      )}
      {result && !error && (
        <Stack gap="xs" aria-live="polite">
          <Group gap="xs">
            <StatusBadge of="test" state={result.ok ? "passed" : "failed"} size="md" />
            {result.stale && <StatusBadge of="test" state="stale" />}
            <Text size="sm" c="dimmed" component="span">
              <Time at={result.at} />, took {duration(result.tookMs)}
            </Text>
          </Group>
          <ul className={classes.checks}>
            {result.checks.map((check) => (
              <li key={check.part + check.message} data-ok={check.ok}>
                {check.ok ? (
                  <IconCircleCheck size={18} aria-label="passed" role="img" />
                ) : (
                  <IconCircleX size={18} aria-label="failed" role="img" />
                )}
                <div>
                  <Text size="sm">
                    <b>{WORDS[check.part] ?? check.part}</b> {check.message}
                  </Text>
                  {check.hint && (
                    <Text size="sm" c="dimmed">
                      {check.hint}
                    </Text>
                  )}
                </div>
              </li>
            ))}
          </ul>
        </Stack>
      )}
    </Paper>
  );
}
