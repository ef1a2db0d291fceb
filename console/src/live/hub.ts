import { follow } from "./connection";
import { type Listener, type Signal, topicsOf } from "./signals";

interface Topic {
  listeners: Set<Listener>;
  /** The last snapshot and what came after it, the newest of each thing: who joins later hears the same. */
  seen: Map<string, Signal>;
}

/** What one request may ask for; the gateway's limit. */
const MOST_TOPICS = 20;

/** One connection for all topics: it is made anew when a topic is added, for its snapshot. */
export class Hub {
  private readonly topics = new Map<string, Topic>();
  /** Of which topics the connection has told all to those who listen now. */
  private followed = new Set<string>();
  private stop: (() => void) | undefined;
  private soon: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly connect: typeof follow = follow) {}

  listen(name: string, listener: Listener): () => void {
    const topic = this.topics.get(name) ?? { listeners: new Set(), seen: new Map() };
    this.topics.set(name, topic);
    for (const signal of topic.seen.values()) listener(signal);
    topic.listeners.add(listener);
    this.schedule();
    return () => {
      topic.listeners.delete(listener);
      if (topic.listeners.size === 0 && this.topics.get(name) === topic) {
        this.topics.delete(name);
        // What was seen of it is gone: who comes back needs its snapshot, and with it a new connection.
        this.followed.delete(name);
      }
      this.schedule();
    };
  }

  /** Topics come and go together when a page changes: one new connection is enough. */
  private schedule(): void {
    this.soon ??= setTimeout(() => {
      this.soon = undefined;
      this.reconnect();
    }, 20);
  }

  private reconnect(): void {
    const names = [...this.topics.keys()].slice(-MOST_TOPICS).sort();
    const covered = names.every((name) => this.followed.has(name));
    // Fewer topics need no new connection; none need none.
    if (names.length > 0 && covered && this.stop) return;
    this.stop?.();
    this.stop = undefined;
    this.followed = new Set(names);
    if (names.length === 0) return;
    const url = `/api/v1/events?topics=${names.map(encodeURIComponent).join(",")}`;
    this.stop = this.connect(url, (signal) => this.publish(signal));
  }

  private publish(signal: Signal): void {
    // Nobody is signed in: whoever listens next, after the login, gets a connection of their own.
    if (signal.kind === "refused") this.stop = undefined;
    const wanted = signal.kind === "message" ? topicsOf(signal) : "all";
    for (const [name, topic] of this.topics) {
      if (wanted !== "all" && !wanted.includes(name)) continue;
      remember(topic, signal);
      for (const listener of [...topic.listeners]) listener(signal);
    }
  }
}

function remember(topic: Topic, signal: Signal): void {
  if (signal.kind === "beat") return;
  if (signal.kind !== "message") {
    topic.seen.delete("connection");
    topic.seen.set("connection", signal);
    return;
  }
  if (signal.event === "snapshot") {
    for (const key of [...topic.seen.keys()]) if (key !== "connection") topic.seen.delete(key);
  }
  const key = `${signal.event} ${signal.id}`;
  topic.seen.delete(key);
  topic.seen.set(key, signal);
  // Runs of long ago: what is asked for next begins with a snapshot again.
  if (topic.seen.size > 300) topic.seen.delete([...topic.seen.keys()][2] ?? "");
}
