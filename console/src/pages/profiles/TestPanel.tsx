import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconPlugConnected } from "@tabler/icons-react";
import type { Schema } from "~/api/client";
import { useLacking } from "~/api/session";
import { Panel } from "~/components/form/editor";
import { May } from "~/components/May";
import { ProblemAlert } from "~/components/ProblemAlert";
import { StatusBadge, Time } from "~/components/values";
import { capital, duration } from "~/state/format";
import classes from "./TestPanel.module.css";

/** A test; `stale`: the profile was changed after it. */
export type Tested = Schema<"ConnectionTest"> & { stale: boolean };

interface Props {
  result: Tested | null;
  error: unknown;
  running: boolean;
  onTest: () => void;
}

/** Test Connection: named checks, each with what it found and what to do about it. */
export function TestPanel({ result, error, running, onTest }: Props) {
  const lacking = useLacking("configure");
  return (
    <Panel name="Connection test">
      <Group justify="space-between" mb="sm">
        <Title order={2} size={16}>
          Connection test
        </Title>
        <May permission="configure">
          <Button
            variant="light"
            leftSection={<IconPlugConnected size={16} />}
            loading={running}
            onClick={onTest}
            loaderProps={{ type: "dots" }}
          >
            Test connection
          </Button>
        </May>
      </Group>
      {Boolean(error) && <ProblemAlert error={error} />}
      {!result && !error && lacking && <Text c="dimmed">It was not tested yet.</Text>}
      {!result && !error && !lacking && (
        <Text c="dimmed">
          Tries what the form says, also before it is saved. It takes at most 10 seconds and changes nothing.
        </Text>
      )}
      {result && !error && (
        <Stack gap="xs" aria-live="polite">
          <Group gap="xs">
            <StatusBadge of="test" state={result.ok ? "passed" : "failed"} size="md" />
            {result.stale && <StatusBadge of="test" state="stale" />}
            <Text c="dimmed" component="span">
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
                  <Text>
                    <b>{check.part === "tls" ? "TLS" : capital(check.part)}</b> {check.message}
                  </Text>
                  {check.hint && <Text c="dimmed">{check.hint}</Text>}
                </div>
              </li>
            ))}
          </ul>
        </Stack>
      )}
    </Panel>
  );
}
