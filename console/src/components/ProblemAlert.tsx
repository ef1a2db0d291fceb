import { Alert, Button, Group, List, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { asProblem, plainPath } from "~/api/problem";

interface Props {
  error: unknown;
  onRetry?: (() => void) | undefined;
  /** Fields that say their part themselves, beside the input. */
  shownElsewhere?: readonly string[];
}

/** What went wrong, in the server's words, what is wrong by field, and a way on. */
export function ProblemAlert({ error, onRetry, shownElsewhere = [] }: Props) {
  if (!error) return null;
  const problem = asProblem(error);
  const errors = problem.errors.filter((item) => !shownElsewhere.includes(plainPath(item.path)));
  return (
    <Alert
      color="red"
      variant="light"
      radius="sm"
      icon={<IconAlertTriangle size={18} />}
      title={problem.title}
      role="alert"
      styles={{ title: { fontSize: 14 } }}
    >
      {problem.detail && <Text>{problem.detail}</Text>}
      {errors.length > 0 && <Findings of={errors} />}
      {onRetry && (
        <Group mt="xs">
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            Retry
          </Button>
        </Group>
      )}
    </Alert>
  );
}

/** What is wrong, or probably not meant, each with where it stands. */
export function Findings({ of }: { of: readonly { path: string; message: string }[] }) {
  return (
    <List size="sm" mt={4}>
      {of.map(({ path, message }) => (
        <List.Item key={path + message}>
          {path !== "$" && <code>{plainPath(path)}</code>} {message}
        </List.Item>
      ))}
    </List>
  );
}
