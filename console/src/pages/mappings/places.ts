/** Where something stands in a text, by character. */
export interface Place {
  from: number;
  to: number;
}

/**
 * Finds every value of a JSON text by its path (`$.a.b[2]`), as the server names them. A text that is not whole gives
 * what stands before the mistake.
 */
export function placesOf(text: string): Map<string, Place> {
  const scan = new Scan(text);
  try {
    scan.value("$");
  } catch {
    // The rest has no place; the editor marks the syntax itself.
  }
  return scan.places;
}

/** The place of a path, or of the nearest thing around it that is there. */
export function placeOf(places: Map<string, Place>, path: string): Place {
  let at = path;
  while (at && !places.has(at)) at = at.slice(0, Math.max(at.lastIndexOf("."), at.lastIndexOf("["), 0));
  return places.get(at) ?? { from: 0, to: 0 };
}

class Scan {
  readonly places = new Map<string, Place>();
  private at = 0;

  constructor(private readonly text: string) {}

  value(path: string, from?: number): void {
    this.space();
    const start = from ?? this.at;
    const first = this.text[this.at];
    if (first === "{") this.object(path);
    else if (first === "[") this.array(path);
    else if (first === '"') this.quoted();
    else this.word();
    this.places.set(path, { from: start, to: this.at });
  }

  private object(path: string): void {
    this.at += 1;
    for (this.space(); this.text[this.at] !== "}"; this.space()) {
      const from = this.at;
      const name = this.quoted();
      this.space();
      this.expect(":");
      this.value(`${path}.${name}`, from);
      this.space();
      if (this.text[this.at] === ",") this.at += 1;
      else if (this.text[this.at] !== "}") throw new SyntaxError("no object");
    }
    this.at += 1;
  }

  private array(path: string): void {
    this.at += 1;
    let index = 0;
    for (this.space(); this.text[this.at] !== "]"; this.space()) {
      this.value(`${path}[${index}]`);
      index += 1;
      this.space();
      if (this.text[this.at] === ",") this.at += 1;
      else if (this.text[this.at] !== "]") throw new SyntaxError("no array");
    }
    this.at += 1;
  }

  private quoted(): string {
    const whole = /"(?:[^"\\\n]|\\.)*"/y;
    whole.lastIndex = this.at;
    const found = whole.exec(this.text);
    if (!found) throw new SyntaxError("no text");
    this.at = whole.lastIndex;
    return String(JSON.parse(found[0]));
  }

  private word(): void {
    const whole = /[-+.\w]+/y;
    whole.lastIndex = this.at;
    if (!whole.exec(this.text)) throw new SyntaxError("no value");
    this.at = whole.lastIndex;
  }

  private expect(sign: string): void {
    if (this.text[this.at] !== sign) throw new SyntaxError(`no ${sign}`);
    this.at += 1;
  }

  private space(): void {
    while (this.at < this.text.length && " \t\r\n".includes(this.text[this.at] as string)) this.at += 1;
    if (this.at >= this.text.length) throw new SyntaxError("the text ends");
  }
}
