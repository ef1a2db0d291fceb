import { Alert, SegmentedControl, Text } from "@mantine/core";
import { IconMail, IconWebhook } from "@tabler/icons-react";
import { useState } from "react";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { EmptyState } from "~/components/EmptyState";
import { AddButton, ListPage, useList } from "~/components/list";
import { useSort } from "~/components/sort";
import { PageLink, StatusBadge, Time } from "~/components/values";
import { useUrlState } from "~/state/url";
import { Edit } from "./Edit";
import { calls, eventWord, type Kind, type Subscription } from "./kinds";

const KINDS = [
  { value: "webhooks", label: "Webhooks" },
  { value: "email", label: "E-mail" },
];

export default function NotificationsPage() {
  const [{ kind, cursor }, setView] = useUrlState("/signed-in/notifications");
  const [adding, setAdding] = useState(false);
  const sort = useSort(columns(kind));
  const list = useList<Subscription>({
    key: ["notifications", kind, sort, cursor],
    fetch: () => calls[kind].list(cursor, sort),
    every: 15_000,
  });
  const warning = list.rows?.find((one) => one.warning)?.warning;
  const add = <AddButton onClick={() => setAdding(true)}>{kind === "email" ? "Add e-mail" : "Add webhook"}</AddButton>;
  return (
    <ListPage
      key={kind}
      title="Notifications"
      help="notification"
      purpose="Who is told, once, when runs begin to fail or dead letters pile up, and once when it is over."
      actions={add}
      above={<NoMail warning={warning} />}
      list={list}
      sortedBy="name"
      name={kind === "email" ? "E-mail notifications" : "Webhooks"}
      columns={columns(kind)}
      rowId={(one) => one.id}
      link={(one) => links.notification(kind, one.id)}
      toolbar={
        <SegmentedControl
          size="xs"
          aria-label="Kind of notification"
          data={KINDS}
          value={kind}
          onChange={(value) => setView({ kind: value as Kind })}
        />
      }
      empty={<Nobody kind={kind} action={add} />}
    >
      {adding && <Edit kind={kind} onClose={() => setAdding(false)} />}
    </ListPage>
  );
}

/** Why no mail is sent: there is no mail server, or an address is not confirmed. */
export function NoMail({ warning }: { warning: string | null | undefined }) {
  return (
    warning && (
      <Alert color="yellow" mb="sm" title="E-mail is not sent">
        {warning}
      </Alert>
    )
  );
}

function columns(kind: Kind): Column<Subscription>[] {
  return [
    {
      id: "name",
      header: "Name",
      sort: "name",
      cut: true,
      cell: (one) => <PageLink to={links.notification(kind, one.id)}>{one.name}</PageLink>,
    },
    { id: "where", header: kind === "email" ? "To" : "URL", cell: (one) => <Where subscription={one} /> },
    { id: "events", header: "Told", cut: true, cell: (one) => one.events.map(eventWord).join(", ") },
    { id: "instances", header: "Instances", cut: true, cell: (one) => one.instances.join(", ") || "All" },
    {
      id: "state",
      header: "State",
      sort: "-active",
      cell: (one) => <StatusBadge of="subscription" state={one.active ? "on" : "off"} />,
    },
    {
      id: "last",
      header: "Last delivered",
      sort: "-lastDeliveredAt",
      cell: (one) => <Time at={one.lastDeliveredAt} none="never" />,
    },
    { id: "waiting", header: "Waiting", align: "right", sort: "-waiting", cell: (one) => one.waiting },
    {
      id: "givenUp",
      header: "Given up",
      align: "right",
      sort: "-givenUp",
      cell: (one) => (
        <Text inherit span c={one.givenUp ? "var(--sl-bad-text)" : undefined}>
          {one.givenUp}
        </Text>
      ),
    },
  ];
}

/** Where it goes, cut in the middle of a line: the whole stands on its page. */
function Where({ subscription }: { subscription: Subscription }) {
  return (
    <Text inherit span truncate style={{ display: "block", maxWidth: 320 }} title={subscription.where.join(", ")}>
      {subscription.where.join(", ")}
    </Text>
  );
}

function Nobody({ kind, action }: { kind: Kind; action: React.ReactNode }) {
  return kind === "email" ? (
    <EmptyState title="No e-mail yet" action={action}>
      <IconMail size={14} aria-hidden /> People get a mail with the facts of the run and a link to it.
    </EmptyState>
  ) : (
    <EmptyState title="No webhooks yet" action={action}>
      <IconWebhook size={14} aria-hidden /> A program gets a signed event, tried again for a day while it is away.
    </EmptyState>
  );
}
