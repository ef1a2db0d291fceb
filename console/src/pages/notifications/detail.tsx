import { Alert, Button, Modal, Text } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { links } from "~/app/links";
import { ActionButton } from "~/components/action";
import { type FactList, Facts } from "~/components/Facts";
import { PageHeader } from "~/components/PageHeader";
import { ProblemAlert } from "~/components/ProblemAlert";
import { ShownOnce } from "~/components/ShownOnce";
import { StatusBadge, Time } from "~/components/values";
import { Deliveries } from "./Deliveries";
import { Edit } from "./Edit";
import { calls, eventWord, FORMATS, type Kind, rotate, SECRET, type Subscription, type Tested } from "./kinds";
import { NoMail } from "./page";

/** One webhook or e-mail subscription: what it is told, how that went, and a test. */
export default function NotificationPage() {
  const params = useParams({ from: "/signed-in/notifications/$kind/$id" });
  const kind: Kind = params.kind === "email" ? "email" : "webhooks";
  const id = params.id ?? "";
  const found = useQuery({
    queryKey: ["notifications", kind, "one", id],
    queryFn: () => calls[kind].get(id),
    refetchInterval: 10_000,
  });
  const [editing, setEditing] = useState(false);
  const [tested, setTested] = useState<Tested>();
  const parent = { title: "Notifications", to: listOf(kind) };
  if (!found.data)
    return (
      <>
        <PageHeader title={kind === "email" ? "E-mail" : "Webhook"} parent={parent} />
        {found.error && <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />}
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
      {!tested && <NoMail warning={subscription.warning} />}
      {tested && <TestResult tested={tested} onClose={() => setTested(undefined)} />}
      <Facts facts={factsOf(kind, subscription)} cols={{ base: 1, xs: 2, md: 4 }} mb="md" />
      <Deliveries kind={kind} id={id} active={subscription.active} />
      {editing && <Edit kind={kind} subscription={subscription} etag={etag} onClose={() => setEditing(false)} />}
    </>
  );
}

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
      <Text style={{ overflowWrap: "anywhere" }}>
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

/** What is told to whom. */
const factsOf = (kind: Kind, { where, format, events, instances, lastDeliveredAt }: Subscription): FactList => [
  [kind === "email" ? "To" : "URL", where.join(", ")],
  ["Sends", FORMATS.find((one) => one.value === format)?.label],
  ["Told when", events.map(eventWord).join(", ")],
  ["Instances", instances.join(", ") || "All"],
  ["Last delivered", <Time key="delivered" at={lastDeliveredAt} none="never" />],
];

interface ActionsProps {
  kind: Kind;
  subscription: Subscription;
  onTested: (tested: Tested | undefined) => void;
  onEdit: () => void;
}

function Actions({ kind, subscription, onTested, onEdit }: ActionsProps) {
  const [secret, setSecret] = useState<string | null>(null);
  const navigate = useNavigate();
  const { id, name, format } = subscription;
  const test = () => {
    onTested(undefined);
    return calls[kind].test(id);
  };
  return (
    <>
      <ActionButton
        color="red"
        ask={{
          title: `Remove ${name}?`,
          body: "Its deliveries go with it, and what waits is not sent. This cannot be taken back.",
          confirm: "Remove",
          danger: true,
        }}
        run={() => calls[kind].remove(id)}
        done={`${name} is removed`}
        onDone={() => navigate({ href: listOf(kind) })}
        changes={["notifications"]}
      >
        Remove
      </ActionButton>
      {kind === "webhooks" && format === "cloudevents" && (
        <ActionButton
          ask={{
            title: `Rotate the secret of ${name}?`,
            body: "The new secret is shown once. For 24 hours the old one signs too, so that the receiver can change.",
            confirm: "Rotate",
          }}
          run={() => rotate(id)}
          onDone={(saved) => setSecret(saved.secret)}
          changes={["notifications"]}
        >
          Rotate secret
        </ActionButton>
      )}
      <Button variant="default" onClick={onEdit}>
        Edit
      </Button>
      <ActionButton variant="filled" leftSection={<IconSend size={16} />} run={test} onDone={onTested}>
        Send test
      </ActionButton>
      {secret && (
        <Modal
          opened
          size="lg"
          title={`New secret of ${name}`}
          onClose={() => setSecret(null)}
          closeOnClickOutside={false}
          closeOnEscape={false}
        >
          <ShownOnce {...SECRET} value={secret} onClose={() => setSecret(null)} />
        </Modal>
      )}
    </>
  );
}

function listOf(kind: Kind): string {
  return links.notifications({ kind });
}
