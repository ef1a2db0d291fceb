import { Text } from "@mantine/core";
import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import { isJson } from "~/api/lossless";
import { plainPath } from "~/api/problem";
import { Panel } from "~/components/form/editor";
import { ProblemAlert } from "~/components/ProblemAlert";
import { plural } from "~/state/format";
import type { useCheck } from "./check";
import { Jump } from "./FieldErrors";
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
    <Panel name="Problems" titled p="sm" className={classes.problems}>
      {broken && (
        <Text className={classes.bad}>
          <IconCircleX size={16} aria-hidden /> The text is no JSON yet; its place is marked in the editor.
        </Text>
      )}
      {check.error && <ProblemAlert error={check.error} />}
      {!broken && check.fresh && check.problems.length === 0 && (
        <Text className={classes.good}>
          <IconCircleCheck size={16} aria-hidden /> None, also with the instances that use it.
        </Text>
      )}
      {!broken && check.problems.length > 0 && (
        <>
          <Text c="dimmed" aria-live="polite">
            {plural(errors, "error")}, {plural(check.problems.length - errors, "warning")}. Choose one to see its line.
          </Text>
          <ul className={classes.list}>
            {check.problems.map((one) => (
              <Jump key={one.path + one.message} kind={one.kind} path={one.path} onClick={() => onJump(one.path)}>
                <code>{plainPath(one.path) || "document"}</code> {one.message}
              </Jump>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
