import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconKey, IconPencil, IconPlayerPause, IconPower, IconTrash } from "@tabler/icons-react";
import { api } from "~/api/client";
import { useLacking } from "~/api/session";
import { useAction } from "~/components/action";
import { type Hook, hasSecret } from "./words";

interface Props {
  hook: Hook;
  onEdit: () => void;
  /** Gives it its first or another secret. */
  onSecret: () => void;
  /** After it is gone. */
  onDeleted?: () => void;
}

/** What may be done with a hook, by those who may change something. */
export function Actions({ hook, onEdit, onSecret, onDeleted }: Props) {
  const lacking = useLacking("configure");
  const { name, enabled } = hook;
  const request = { path: { name } };
  const changes = ["hooks"];
  const toggle = useAction({
    run: () =>
      enabled
        ? api.post("/api/v1/inbound-webhooks/{name}/disable", request)
        : api.post("/api/v1/inbound-webhooks/{name}/enable", request),
    done: enabled ? `${name} is disabled: its sender is answered as before` : `${name} is enabled`,
    changes,
  });
  const remove = useAction({
    ask: {
      title: `Delete webhook ${name}?`,
      body: "Its sender is answered 404 from then on. What it received is forgotten; its runs stay.",
      confirm: "Delete",
      danger: true,
    },
    run: () => api.delete("/api/v1/inbound-webhooks/{name}", request),
    done: `${name} is deleted`,
    onDone: onDeleted,
    changes,
  });
  if (lacking) return null;
  return (
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
        {hasSecret(hook) && (
          <Menu.Item leftSection={<IconKey size={15} />} onClick={onSecret}>
            {hook.hasSecret ? "Rotate secret" : "Give secret"}
          </Menu.Item>
        )}
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
  );
}
