import { Button, Group, Stack } from "@mantine/core";
import { asProblem } from "~/api/problem";
import { ProblemAlert } from "~/components/ProblemAlert";
import { FIELD_OF } from "./fields";

interface Props {
  error: unknown;
  onRetry: () => void;
  onWatch: (correlationId: string) => void;
  onQueue: () => void;
}

/** Why no run began; where another one is in the way, what may be done about it. */
export function Refused({ error, onRetry, onWatch, onQueue }: Props) {
  if (!error) return null;
  const problem = asProblem(error);
  const other = problem.status === 409 ? activeRun(problem.detail) : undefined;
  return (
    <Stack gap="xs">
      <ProblemAlert
        error={problem}
        onRetry={problem.passing ? onRetry : undefined}
        shownElsewhere={Object.keys(FIELD_OF)}
      />
      {other && (
        <Group gap="xs">
          <Button size="compact-md" variant="default" onClick={() => onWatch(other)}>
            Watch it
          </Button>
          <Button size="compact-md" variant="default" onClick={onQueue}>
            Queue after it
          </Button>
        </Group>
      )}
    </Stack>
  );
}

/** The run that is named in the refusal. */
export function activeRun(detail: string): string | undefined {
  return /run ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) .*is active/.exec(detail)?.[1];
}
