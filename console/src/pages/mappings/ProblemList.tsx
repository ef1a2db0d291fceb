import { Paper, Text, Title, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import { isJson } from "~/api/lossless";
import { plainPath } from "~/api/problem";
import { ProblemAlert } from "~/components/ProblemAlert";
import { plural } from "~/state/format";
import type { useCheck } from "./check";
import classes from "./mappings.module.css";

interface Props {
  text: string;
  check: ReturnType<typeof useCheck>;
  onJump: (path: string) => void;
}

/** What the server finds wrong, each line a way to its place in the text. */
export function ProblemList({ text, check, onJump }: Props) {
  const broken = !isJson(text);
  const errors = check.problems.filter((one) => one.kind === "error").length;
  return (
    <Paper
      withBorder
      bg="var(--sl-surface)"
      p="sm"
      component="section"
      aria-label="Problems"
      className={classes.problems}
    >
      <Title order={2} size={15} mb="xs">
        Problems
      </Title>
      {broken && (
        <Text size="sm" className={classes.bad}>
          <IconCircleX size={16} aria-hidden /> The text is no JSON yet; its place is marked in the editor.
        </Text>
      )}
      {check.error && <ProblemAlert error={check.error} />}
      {!broken && check.fresh && check.problems.length === 0 && (
        <Text size="sm" className={classes.good}>
          <IconCircleCheck size={16} aria-hidden /> None, also with the instances that use it.
        </Text>
      )}
      {!broken && check.problems.length > 0 && (
        <>
          <Text size="sm" c="dimmed" aria-live="polite">
            {plural(errors, "error")}, {plural(check.problems.length - errors, "warning")}. Choose one to see its line.
          </Text>
          <ul className={classes.list}>
            {check.problems.map((one) => (
              <li key={one.path + one.message}>
                <UnstyledButton className={classes.jump} onClick={() => onJump(one.path)}>
                  {one.kind === "error" ? (
                    <IconCircleX size={15} role="img" aria-label="Error" className={classes.bad} />
                  ) : (
                    <IconAlertTriangle size={15} role="img" aria-label="Warning" className={classes.warn} />
                  )}
                  <span>
                    <code>{plainPath(one.path) || "document"}</code> {one.message}
                  </span>
                </UnstyledButton>
              </li>
            ))}
          </ul>
        </>
      )}
    </Paper>
  );
}
