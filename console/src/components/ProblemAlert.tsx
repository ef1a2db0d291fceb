import { Alert, Anchor, Button, Group, List, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { asProblem, labelOf, plainPath } from "~/api/problem";
import { helpOf, helpOfCode } from "~/app/help";
import { HelpLink } from "~/components/Help";

interface Props {
  error: unknown;
  onRetry?: (() => void) | undefined;
  /** Fields that say their part themselves, beside the input. */
  shownElsewhere?: readonly string[];
  /** The form is an editor of JSON: places are named by their paths. */
  json?: boolean | undefined;
}

/** What went wrong, in the server's words, what is wrong by field, and a way on. */
export function ProblemAlert({ error, onRetry, shownElsewhere = [], json = false }: Props) {
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
      <Text>
        {problem.errors.length === 0 ? problem.detail : errors.length === 0 && "What is wrong stands at the fields."}
      </Text>
      {errors.length > 0 && <Findings of={errors} json={json} />}
      {problem.code && (
        <Anchor href={helpOfCode(problem.code)} target="_blank" size="sm">
          What {problem.code} means
        </Anchor>
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

interface FindingsProps {
  of: readonly { path: string; message: string }[];
  json?: boolean;
}

/** What is wrong, or probably not meant, each with where it stands. */
export function Findings({ of, json = false }: FindingsProps) {
  return (
    <List size="sm" mt={4}>
      {of.map(({ path, message }) => (
        <List.Item key={path + message}>
          {path !== "$" && (json ? <code>{plainPath(path)}</code> : <b>{labelOf(path)}</b>)} {message}{" "}
          {json && <HelpLink to={helpOf(`mapping.${plainPath(path)}`) ?? ""} of={plainPath(path)} />}
        </List.Item>
      ))}
    </List>
  );
}
