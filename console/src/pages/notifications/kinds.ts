import { api, type Schema } from "~/api/client";

/** The two ways of telling somebody; each is a resource of its own in the API. */
export type Kind = "webhooks" | "email";

/** A webhook or an e-mail subscription, as the pages show it; `where`: the URL, or the addresses. */
export type Subscription = Omit<Webhook, "url" | "format"> & { format: Webhook["format"] | null } & {
  where: string[];
  warning: string | null;
};
/** What a person fills in. */
export type Draft = Pick<Subscription, "name" | "where" | "events" | "instances" | "active" | "format">;
export type Delivery = Schema<"DeliveryView">;
export type Tested = Schema<"SubscriptionTest">;

export const EVENTS = [
  { value: "run_failed", label: "Run failed", hint: "A run ends Failed or needs attention, or its system is away" },
  { value: "partial_success", label: "Partial success", hint: "A run ends, but some records failed" },
  { value: "dlq_growth", label: "DLQ growth", hint: "Too many dead letters of an instance wait for a person" },
  { value: "schedule_missed", label: "Schedule missed", hint: "Nothing fired a schedule in its time" },
] as const;
/** Events that have a number behind a colon: `not_synced:24`. */
export const OVERDUE = [
  { value: "not_synced", label: "Not synced for", unit: "hours", initial: 24 },
  { value: "profile_waiting", label: "Waiting for a profile for", unit: "minutes", initial: 15 },
] as const;
/** What a new subscription is told. */
export const INITIAL: string[] = ["run_failed", "partial_success", "dlq_growth"];

export const FORMATS = [
  { value: "cloudevents", label: "Signed event, for a program" },
  { value: "slack", label: "Slack message" },
  { value: "teams", label: "Teams message" },
];

export function eventWord(event: string): string {
  const [name, number] = event.split(":");
  const overdue = OVERDUE.find((one) => one.value === name);
  if (overdue) return `${overdue.label} ${number} ${overdue.unit}`;
  return EVENTS.find((one) => one.value === event)?.label ?? event;
}

/** The number of an event among these; undefined where it is not among them. */
export function numberOf(events: readonly string[], name: string): number | undefined {
  const found = events.find((one) => one.startsWith(`${name}:`));
  return found === undefined ? undefined : Number(found.split(":")[1]);
}

/** Events with the number of one of them changed; undefined takes it away. */
export function withNumber(events: readonly string[], name: string, number: number | undefined): string[] {
  const others = events.filter((one) => !one.startsWith(`${name}:`));
  return number === undefined ? others : [...others, `${name}:${number}`];
}

/** What is said beside a signing secret, the one time that it is shown. */
export const SECRET = {
  what: "the secret",
  title: "Copy the secret now",
  children: "It is shown this one time. The receiver checks with it that an event comes from here.",
};

type Webhook = Schema<"Webhook">;
type Email = Schema<"EmailSubscription">;

/** What a saved webhook or e-mail subscription gives back; the secret only when it is new. */
export interface Saved {
  id: string;
  name: string;
  secret: string | null;
}

export type State = "waiting" | "delivered" | "given_up";

/** Calls of one kind, so that a page need not know which: the routes of both are alike. */
function callsOf(kind: Kind) {
  const isEmail = kind === "email";
  const route = <P extends string>(path: P) =>
    (isEmail ? path.replace("/webhooks", "/email-subscriptions") : path) as P;
  const one = route("/api/v1/webhooks/{webhook}");
  const bodyOf = ({ where, format, ...draft }: Draft) =>
    ({
      ...draft,
      ...(isEmail ? { addresses: where } : { url: where[0]?.trim() ?? "", format }),
    }) as Schema<"WebhookBody">;
  const shown = (found: Webhook & Partial<Email>): Subscription => ({
    ...found,
    where: found.addresses ?? [found.url],
    format: isEmail ? null : found.format,
    warning: found.warning ?? null,
  });
  return {
    list: async (cursor: string, sort: string) => {
      const page = await api.get(route("/api/v1/webhooks"), { query: { sort, cursor } });
      return { ...page, items: page.items.map(shown) };
    },
    get: async (webhook: string) => {
      const { value, etag } = await api.getTagged(one, { path: { webhook } });
      return { value: shown(value), etag };
    },
    create: async (draft: Draft): Promise<Saved> => {
      const made = await api.post(route("/api/v1/webhooks"), { body: bodyOf(draft) });
      // Nothing of an e-mail is signed: it is answered without a secret around it.
      return "webhook" in made ? savedOf(made) : { ...(made as Email), secret: null };
    },
    change: async (webhook: string, draft: Draft, etag: string | null): Promise<Saved> => {
      const request = { path: { webhook }, header: etag ? { "if-match": etag } : {} };
      return { ...(await api.put(one, { ...request, body: bodyOf(draft) })), secret: null };
    },
    remove: (webhook: string) => api.delete(one, { path: { webhook } }),
    test: (webhook: string) => api.post(route("/api/v1/webhooks/{webhook}/test"), { path: { webhook } }),
    deliveries: (webhook: string, state: State | undefined, cursor: string) =>
      api.get(route("/api/v1/webhooks/{webhook}/deliveries"), { path: { webhook }, query: { cursor, state } }),
    redeliver: (webhook: string, delivery: string) =>
      api.post(route("/api/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver"), { path: { webhook, delivery } }),
  };
}

export const calls = { webhooks: callsOf("webhooks"), email: callsOf("email") };

function savedOf({ webhook: { id, name }, secret }: Schema<"WebhookSecret">): Saved {
  return { id, name, secret };
}

/** Signs with a new secret, which is shown once. */
export async function rotate(webhook: string): Promise<Saved> {
  return savedOf(await api.post("/api/v1/webhooks/{webhook}/rotate-secret", { path: { webhook } }));
}
