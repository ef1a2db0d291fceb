import { Alert, Button, Group, List, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { asProblem } from "~/api/problem";

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
  const errors = problem.errors.filter((item) => !shownElsewhere.includes(item.path.replace(/^\$\.?/, "")));
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
      {problem.detail && <Text size="sm">{problem.detail}</Text>}
      {errors.length > 0 && (
        <List size="sm" mt={4}>
          {errors.map((item) => (
            <List.Item key={item.path + item.message}>
              {item.path !== "$" && <code>{item.path.replace(/^\$\.?/, "")}</code>} {item.message}
            </List.Item>
          ))}
        </List>
      )}
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
