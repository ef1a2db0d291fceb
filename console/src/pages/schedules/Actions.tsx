import { ActionIcon, Button, Group, Menu } from "@mantine/core";
import { IconDots, IconPencil, IconPlayerPause, IconPlayerPlay, IconPower, IconTrash } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { api } from "~/api/client";
import { useLacking } from "~/api/session";
import { links } from "~/app/links";
import { useAction } from "~/components/action";
import { IconButton } from "~/components/IconButton";
import { toast } from "~/components/toast";
import type { Schedule } from "./words";

interface Props {
  schedule: Schedule;
  onEdit: () => void;
  /** Where there is room: Run now in words. */
  wide?: boolean;
  /** After it is gone. */
  onDeleted?: () => void;
}

/** What may be done with a schedule: Run now in sight, the rest behind the dots. */
export function Actions({ schedule, onEdit, wide = false, onDeleted }: Props) {
  const lacking = useLacking("configure");
  const { runNow, toggle, remove } = useActions(schedule, onDeleted);
  const { name, enabled } = schedule;
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      <RunNow name={name} wide={wide} busy={runNow.pending} onRun={runNow.start} />
      {!lacking && (
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon aria-label={`More actions for ${name}`}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconPencil size={15} />} onClick={onEdit}>
              Edit
            </Menu.Item>
            <Menu.Item
              leftSection={enabled ? <IconPlayerPause size={15} /> : <IconPower size={15} />}
              onClick={toggle.start}
            >
              {enabled ? "Disable" : "Enable"}
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={remove.start}>
              Delete
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </Group>
  );
}

function RunNow({ name, wide, busy, onRun }: { name: string; wide: boolean; busy: boolean; onRun: () => void }) {
  const label = `Run now: ${name}`;
  const rest = { loading: busy, onClick: onRun };
  if (wide)
    return (
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconPlayerPlay size={14} />}
        aria-label={label}
        {...rest}
      >
        Run now
      </Button>
    );
  return <IconButton icon={IconPlayerPlay} color="blue" hint="Run now" label={label} {...rest} />;
}

function useActions(schedule: Schedule, onDeleted?: () => void) {
  const { name, enabled } = schedule;
  const navigate = useNavigate();
  const request = { path: { name } };
  const changes = ["schedules"];
  const runNow = useAction({
    run: () => api.post("/api/v1/schedules/{name}/run-now", request),
    onDone: (run) => {
      const open = () => void navigate({ href: links.run(run?.correlationId ?? "") });
      toast.done(`${name}: the run is asked for`, { label: "Open run", run: open });
    },
    changes,
  });
  const toggle = useAction({
    run: () =>
      enabled
        ? api.post("/api/v1/schedules/{name}/disable", request)
        : api.post("/api/v1/schedules/{name}/enable", request),
    done: enabled ? `${name} is disabled` : `${name} fires again from now on`,
    changes,
  });
  const remove = useAction({
    ask: {
      title: `Delete schedule ${name}?`,
      body: `${schedule.instance} ${schedule.entityType} no longer syncs by itself. Its runs stay, and one that is under way goes on.`,
      confirm: "Delete",
      danger: true,
    },
    run: () => api.delete("/api/v1/schedules/{name}", request),
    done: `${name} is deleted`,
    onDone: onDeleted,
    changes,
  });
  return { runNow, toggle, remove };
}
