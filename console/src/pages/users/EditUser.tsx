import { Button, Divider, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "~/api/client";
import { refetch } from "~/api/query";
import { useSession } from "~/api/session";
import { links } from "~/app/links";
import { ActionButton } from "~/components/action";
import { DetailDrawer } from "~/components/DetailDrawer";
import { useApiForm } from "~/components/form/form";
import { ProblemAlert } from "~/components/ProblemAlert";
import { toast } from "~/components/toast";
import { PageLink, StatusBadge, Time } from "~/components/values";
import { Invitation } from "./AddUser";
import { type Access, RoleAndTenants, statusOf, type User } from "./access";

/** One user: role, tenants, a new password, and the door. */
export function EditUser({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery({
    queryKey: ["users", "one", id],
    queryFn: () => api.get("/api/v1/users/{user}", { path: { user: id } }),
    placeholderData: undefined,
  });
  return (
    <DetailDrawer query={query} title={(user) => user?.name ?? "User"} size="md" onClose={onClose}>
      {(user) => <Details key={user.id} user={user} onClose={onClose} />}
    </DetailDrawer>
  );
}

type Change = Partial<Access> & { disabled?: boolean; revokeKeys?: boolean };

async function change(user: User, body: Change, done: string): Promise<void> {
  const whole = { revokeKeys: false, ...body };
  await api.patch("/api/v1/users/{user}", { path: { user: user.id }, body: whole });
  void refetch("users");
  toast.done(`${user.name} ${done}`);
}

function Details({ user, onClose }: { user: User; onClose: () => void }) {
  const [link, setLink] = useState<string>();
  const form = useApiForm<Access>({
    initial: { role: user.role, tenants: [...user.tenants].sort(), seesPayloads: user.seesPayloads },
    send: (access) => change(user, access, "is changed"),
    onSent: onClose,
  });
  if (link) return <Invitation name={user.name} link={link} onClose={onClose} />;
  return (
    <Stack gap="md">
      <Group gap="md">
        <StatusBadge of="access" state={statusOf(user)} />
        <Text c="dimmed">
          Last signed in: <Time at={user.signedInAt} none="never" />
        </Text>
      </Group>
      <ProblemAlert error={form.problem} />
      <RoleAndTenants form={form} />
      <Group justify="flex-end">
        <Button onClick={() => form.send()} loading={form.pending} disabled={!form.dirty}>
          Save
        </Button>
      </Group>
      <Divider />
      <NewLink user={user} onLink={setLink} />
      <Door user={user} />
      <Keys user={user} />
      <PageLink to={links.auditLog({ actor: user.name })}>What {user.name} did</PageLink>
    </Stack>
  );
}

function NewLink({ user, onLink }: { user: User; onLink: (link: string) => void }) {
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text>A link to choose a new password. The old one works until then.</Text>
      <ActionButton
        flex="none"
        run={() => api.post("/api/v1/users/{user}/password-link", { path: { user: user.id } })}
        onDone={(made) => onLink(made.link)}
      >
        Make link
      </ActionButton>
    </Group>
  );
}

/** The API keys that somebody made: they go on whatever becomes of their maker. */
function Keys({ user }: { user: User }) {
  if (user.activeKeys.length === 0) return null;
  const names = user.activeKeys.join(", ");
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text style={{ overflowWrap: "anywhere" }}>API keys that they made, which go on: {names}</Text>
      <ActionButton
        color="red"
        flex="none"
        ask={{
          title: "Revoke these keys?",
          body: `Refused within 5 seconds: ${names}`,
          confirm: "Revoke",
          danger: true,
        }}
        run={() => change(user, { revokeKeys: true }, "has no API keys now")}
      >
        Revoke
      </ActionButton>
    </Group>
  );
}

function Door({ user }: { user: User }) {
  const own = useSession().data?.name === user.name;
  const question = {
    title: `Disable ${user.name}?`,
    body: `${user.name} is signed out everywhere at once. API keys that they made go on working.`,
    confirm: "Disable",
    danger: true,
  };
  const done = user.disabled ? "may sign in again" : "is disabled and signed out";
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text>{user.disabled ? "They cannot sign in." : "Sign them out everywhere and let them in no more."}</Text>
      <ActionButton
        color="red"
        flex="none"
        disabled={own}
        ask={!user.disabled && question}
        run={() => change(user, { disabled: !user.disabled }, done)}
      >
        {user.disabled ? "Enable" : "Disable"}
      </ActionButton>
    </Group>
  );
}
