import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { asProblem } from "~/api/problem";
import { Warnings } from "./Warnings";

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
        <Text size="sm">{message}</Text>
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

/** Says that something was refused or failed; stays until it is closed. */
function failed(error: unknown): void {
  const problem = asProblem(error);
  const details = problem.errors.map((item) => item.message).join("; ");
  notifications.show({
    color: "red",
    closeButtonProps: CLOSE,
    icon: <IconAlertTriangle size={16} />,
    autoClose: false,
    title: problem.title,
    message: details || problem.detail,
  });
}

/** Says what was saved and is probably not meant so; stays until it is closed. */
function doubted(name: string, warnings: readonly { path: string; message: string }[]): void {
  if (warnings.length === 0) return;
  notifications.show({
    color: "yellow",
    closeButtonProps: CLOSE,
    icon: <IconAlertTriangle size={16} />,
    autoClose: false,
    title: `${name} is saved. Is this meant?`,
    message: <Warnings warnings={warnings} />,
  });
}

export const toast = { done, failed, doubted };
