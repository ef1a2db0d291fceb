import { Button, Divider, Drawer, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schema } from "~/api/client";
import { asProblem } from "~/api/problem";
import { type RoleName, useSession } from "~/api/session";
import { links } from "~/app/links";
import { confirm } from "~/components/confirm";
import { PageLink } from "~/components/PageLink";
import { ProblemAlert } from "~/components/ProblemAlert";
import { StatusBadge } from "~/components/StatusBadge";
import { Time } from "~/components/Time";
import { toast } from "~/components/toast";
import { Invitation } from "./AddUser";
import { RoleAndTenants } from "./Fields";
import { statusOf, type User } from "./status";

/** One user: role, tenants, a new password, and the door. */
export function EditUser({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery({
    queryKey: ["users", "one", id],
    queryFn: () => api.get("/api/v1/users/{user}", { path: { user: id } }) as Promise<User>,
    placeholderData: undefined,
  });
  return (
    <Drawer opened onClose={onClose} position="right" size="md" title={query.data?.name ?? "User"}>
      {query.error && <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Details key={query.data.id} user={query.data} onClose={onClose} />}
    </Drawer>
  );
}

function useChange(user: User) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { role?: RoleName; tenants?: string[]; disabled?: boolean }) =>
      api.patch("/api/v1/users/{user}", { path: { user: user.id }, body }),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["users"] }),
  });
}

function Details({ user, onClose }: { user: User; onClose: () => void }) {
  const [access, setAccess] = useState<{ role: RoleName; tenants: string[] }>({
    role: user.role,
    tenants: user.tenants,
  });
  const change = useChange(user);
  const [link, setLink] = useState<string>();
  const problem = change.error ? asProblem(change.error) : undefined;
  const same = access.role === user.role && [...access.tenants].sort().join() === [...user.tenants].sort().join();
  if (link) return <Invitation name={user.name} link={link} onClose={onClose} />;
  const save = () =>
    change.mutate(access, {
      onSuccess: () => {
        toast.done(`${user.name} is changed`);
        onClose();
      },
    });
  return (
    <Stack gap="md">
      <Group gap="md">
        <StatusBadge of="access" state={statusOf(user)} />
        <Text size="sm" c="dimmed">
          Last signed in: <Time at={user.signedInAt} none="never" />
        </Text>
      </Group>
      {problem && problem.errors.length === 0 && <ProblemAlert error={change.error} />}
      <RoleAndTenants {...access} onChange={(part) => setAccess({ ...access, ...part })} problem={problem} />
      <Group justify="flex-end">
        <Button onClick={save} loading={change.isPending} disabled={same}>
          Save
        </Button>
      </Group>
      <Divider />
      <NewLink user={user} onLink={setLink} />
      <Door user={user} change={change} />
      <PageLink to={links.auditLog({ actor: user.name })}>What {user.name} did</PageLink>
    </Stack>
  );
}

function NewLink({ user, onLink }: { user: User; onLink: (link: string) => void }) {
  const make = useMutation({
    mutationFn: () => api.post("/api/v1/users/{user}/password-link", { path: { user: user.id } }),
    onSuccess: (made) => onLink((made as Schema<"PasswordLink">).link),
    onError: toast.failed,
  });
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text size="sm">A link to choose a new password. The old one works until then.</Text>
      <Button variant="default" flex="none" onClick={() => make.mutate()} loading={make.isPending}>
        Make link
      </Button>
    </Group>
  );
}

function Door({ user, change }: { user: User; change: ReturnType<typeof useChange> }) {
  const own = useSession().data?.name === user.name;
  const flip = async () => {
    const question = {
      title: `Disable ${user.name}?`,
      body: `${user.name} is signed out everywhere at once. API keys that they made go on working: look at those too.`,
      confirm: "Disable",
      danger: true,
    };
    if (user.disabled || (await confirm(question))) {
      const done = user.disabled ? "may sign in again" : "is disabled and signed out";
      change.mutate({ disabled: !user.disabled }, { onSuccess: () => toast.done(`${user.name} ${done}`) });
    }
  };
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text size="sm">
        {user.disabled ? "They cannot sign in." : "Sign them out everywhere and let them in no more."}
      </Text>
      <Button
        variant="default"
        color="red"
        flex="none"
        disabled={own}
        onClick={() => void flip()}
        loading={change.isPending}
      >
        {user.disabled ? "Enable" : "Disable"}
      </Button>
    </Group>
  );
}
