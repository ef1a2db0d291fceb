/** One server-sent event; `beat` is a comment line, which only says that the server is there. */
export type Frame = { kind: "message"; event: string; data: string; id: string } | { kind: "beat" };

/** Reads a stream of server-sent events, however it was cut into chunks. */
export class FrameParser {
  private rest = "";
  private event = "";
  private data: string[] = [];
  /** Of the last event; sent back as `Last-Event-ID` after a break. */
  lastId = "";
  /** Milliseconds the server asks to wait before coming back. */
  retry: number | undefined;

  feed(chunk: string): Frame[] {
    const lines = (this.rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): Frame[] {
    if (line === "") return this.flush();
    if (line.startsWith(":")) return [{ kind: "beat" }];
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.event = value;
    else if (name === "data") this.data.push(value);
    else if (name === "id") this.lastId = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
    return [];
  }

  private flush(): Frame[] {
    const frame = {
      kind: "message",
      event: this.event || "message",
      data: this.data.join("\n"),
      id: this.lastId,
    } as const;
    const complete = this.data.length > 0;
    this.event = "";
    this.data = [];
    return complete ? [frame] : [];
  }
}
