export interface Token {
  kind: "name" | "quoted" | "number" | "word" | "plain";
  text: string;
}

const PATTERN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;

/** Cuts JSON text into what is coloured alike. Nothing is parsed: joined, the tokens are the text again. */
export function tokens(line: string): Token[] {
  const result: Token[] = [];
  let at = 0;
  for (const match of line.matchAll(PATTERN)) {
    if (match.index > at) result.push({ kind: "plain", text: line.slice(at, match.index) });
    const [whole, quoted, colon, number] = match;
    if (quoted !== undefined) {
      result.push({ kind: colon === undefined ? "quoted" : "name", text: quoted });
      if (colon) result.push({ kind: "plain", text: colon });
    } else {
      result.push({ kind: number === undefined ? "word" : "number", text: whole });
    }
    at = match.index + whole.length;
  }
  if (at < line.length) result.push({ kind: "plain", text: line.slice(at) });
  return result;
}
