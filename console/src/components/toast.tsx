import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { asProblem, labelOf } from "~/api/problem";
import { Findings } from "./ProblemAlert";

interface Action {
  label: string;
  run: () => void;
}

const CLOSE = { "aria-label": "Close" };

/** Says that something was done, with a way back or on. */
function done(message: string, action?: Action): void {
  const id = notifications.show({
    color: "teal",
    closeButtonProps: CLOSE,
    icon: <IconCheck size={16} />,
    autoClose: action ? 10_000 : 4_000,
    message: (
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Text>{message}</Text>
        {action && (
          <Button
            size="compact-xs"
            variant="light"
            onClick={() => {
              notifications.hide(id);
              action.run();
            }}
          >
            {action.label}
          </Button>
        )}
      </Group>
    ),
  });
}

/** Says what must be read: it stays until it is closed. */
function keep(color: "red" | "yellow", title: string, message: ReactNode): void {
  const icon = <IconAlertTriangle size={16} />;
  notifications.show({ color, closeButtonProps: CLOSE, icon, autoClose: false, title, message });
}

/** Says that something was refused or failed. */
function failed(error: unknown): void {
  const problem = asProblem(error);
  const details = problem.errors.map(({ path, message }) => `${labelOf(path)} ${message}`.trim()).join("; ");
  keep("red", problem.title, details || problem.detail);
}

/** Says what was saved and is probably not meant so. */
function doubted(name: string, warnings: readonly { path: string; message: string }[]): void {
  if (warnings.length > 0) keep("yellow", `${name} is saved. Is this meant?`, <Findings of={warnings} />);
}

export const toast = { done, failed, doubted };
