import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { links } from "~/app/links";
import { confirm } from "~/components/confirm";
import { EmptyState } from "~/components/EmptyState";
import { PageHeader } from "~/components/PageHeader";
import { destination } from "~/components/PageLink";
import { StatusBadge } from "~/components/StatusBadge";
import { Time } from "~/components/Time";
import { toast } from "~/components/toast";
import { Deliveries } from "./Deliveries";
import { Edit } from "./Edit";
import { calls, eventWord, type Kind, rotate, type Saved, type Subscription, type Tested } from "./kinds";
import { ShownOnce } from "./ShownOnce";

/** One webhook or e-mail subscription: what it is told, how that went, and a test. */
export default function NotificationPage() {
  const params = useParams({ strict: false }) as { kind?: string; id?: string };
  const kind: Kind = params.kind === "email" ? "email" : "webhooks";
  const id = params.id ?? "";
  const found = useQuery({
    queryKey: ["notifications", kind, "one", id],
    queryFn: () => calls[kind].get(id),
    refetchInterval: 10_000,
  });
  const [editing, setEditing] = useState(false);
  const [tested, setTested] = useState<Tested>();
  const parent = { title: "Notifications", to: links.notifications({ kind: kind === "email" ? kind : undefined }) };
  if (!found.data)
    return (
      <>
        <PageHeader title={kind === "email" ? "E-mail" : "Webhook"} parent={parent} />
        {found.error && <EmptyState kind="failed" error={found.error} onRetry={() => void found.refetch()} />}
      </>
    );
  const { value: subscription, etag } = found.data;
  return (
    <>
      <PageHeader
        title={subscription.name}
        parent={parent}
        beside={<StatusBadge of="subscription" state={subscription.active ? "on" : "off"} size="md" />}
        actions={
          <Actions
            kind={kind}
            subscription={subscription}
            onTested={setTested}
            onEdit={() => {
              setTested(undefined);
              setEditing(true);
            }}
          />
        }
      />
      {subscription.warning && !tested && (
        <Alert color="yellow" mb="sm" title="No e-mail leaves this installation" styles={WARNING}>
          {subscription.warning}
        </Alert>
      )}
      {tested && <TestResult tested={tested} onClose={() => setTested(undefined)} />}
      <Facts kind={kind} subscription={subscription} />
      <Deliveries kind={kind} id={id} active={subscription.active} />
      {editing && <Edit kind={kind} subscription={subscription} etag={etag} onClose={() => setEditing(false)} />}
    </>
  );
}

const WARNING = { title: { color: "var(--sl-warn-text)" } };

function TestResult({ tested, onClose }: { tested: Tested; onClose: () => void }) {
  const { ok, status, answer, seconds } = tested.result;
  const title = ok ? "The receiver took the test" : "The test did not arrive";
  return (
    <Alert
      color={ok ? "teal" : "red"}
      mb="sm"
      title={title}
      role="status"
      withCloseButton
      closeButtonLabel="Close the result"
      onClose={onClose}
      styles={{ title: { color: ok ? "var(--sl-good-text)" : "var(--sl-bad-text)" } }}
    >
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {status !== null && (
          <>
            Answered {status} in {seconds} s.{" "}
          </>
        )}
        {answer}
      </Text>
    </Alert>
  );
}

function Facts({ kind, subscription }: { kind: Kind; subscription: Subscription }) {
  const facts = [
    { name: kind === "email" ? "To" : "URL", value: subscription.where.join(", ") },
    { name: "Told when", value: subscription.events.map(eventWord).join(", ") },
    { name: "Instances", value: subscription.instances.join(", ") || "All" },
    { name: "Last delivered", value: <Time at={subscription.lastDeliveredAt} none="never" /> },
  ];
  return (
    <Group component="dl" gap="xl" mt={0} mb="md" align="flex-start">
      {facts.map((fact) => (
        <Stack key={fact.name} gap={2}>
          <Text component="dt" size="xs" c="dimmed">
            {fact.name}
          </Text>
          <Text component="dd" size="sm" m={0} style={{ overflowWrap: "anywhere" }}>
            {fact.value}
          </Text>
        </Stack>
      ))}
    </Group>
  );
}

interface ActionsProps {
  kind: Kind;
  subscription: Subscription;
  onTested: (tested: Tested | undefined) => void;
  onEdit: () => void;
}

function Actions({ kind, subscription, onTested, onEdit }: ActionsProps) {
  const [rotated, setRotated] = useState<Saved>();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { id, name } = subscription;
  const again = () => void queries.invalidateQueries({ queryKey: ["notifications"] });
  const test = useMutation({
    mutationFn: () => calls[kind].test(id),
    onMutate: () => onTested(undefined),
    onSuccess: onTested,
    onError: toast.failed,
  });
  const turn = useMutation({
    mutationFn: () => rotate(id),
    onSuccess: (saved) => {
      setRotated(saved);
      again();
    },
    onError: toast.failed,
  });
  const remove = useMutation({
    mutationFn: () => calls[kind].remove(id),
    onSuccess: () => {
      toast.done(`${name} is removed`);
      void navigate(destination(links.notifications({ kind: kind === "email" ? kind : undefined }))).then(again);
    },
    onError: toast.failed,
  });
  const askToRotate = async () => {
    const body = "The new secret is shown once. For 24 hours the old one signs too, so that the receiver can change.";
    if (await confirm({ title: `Rotate the secret of ${name}?`, body, confirm: "Rotate" })) turn.mutate();
  };
  const askToRemove = async () => {
    const body = "Its deliveries go with it, and what waits is not sent. This cannot be taken back.";
    if (await confirm({ title: `Remove ${name}?`, body, confirm: "Remove", danger: true })) remove.mutate();
  };
  return (
    <>
      <Button variant="default" color="red" onClick={() => void askToRemove()} loading={remove.isPending}>
        Remove
      </Button>
      {kind === "webhooks" && (
        <Button variant="default" onClick={() => void askToRotate()} loading={turn.isPending}>
          Rotate secret
        </Button>
      )}
      <Button variant="default" onClick={onEdit}>
        Edit
      </Button>
      <Button leftSection={<IconSend size={16} />} onClick={() => test.mutate()} loading={test.isPending}>
        Send test
      </Button>
      {rotated?.secret && (
        <Modal
          opened
          size="lg"
          title={`New secret of ${name}`}
          onClose={() => setRotated(undefined)}
          closeOnClickOutside={false}
          closeOnEscape={false}
          closeButtonProps={{ "aria-label": "Close" }}
        >
          <ShownOnce secret={rotated.secret} onClose={() => setRotated(undefined)} />
        </Modal>
      )}
    </>
  );
}
