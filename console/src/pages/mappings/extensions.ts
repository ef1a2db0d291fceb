// What the editor of mappings knows beside JSON; loaded with it.
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import { ensureSyntaxTree, HighlightStyle, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { type Diagnostic, forceLinting, linter } from "@codemirror/lint";
import { tags } from "@lezer/highlight";
import { type EditorView, hoverTooltip } from "@uiw/react-codemirror";
import { syntaxError } from "~/components/codemirror";
import type { Problem } from "./check";
import { isTarget, type Knowledge, names, type Suggestion, values } from "./completion";
import { placeOf, placesOf } from "./places";

type Node = ReturnType<ReturnType<typeof syntaxTree>["resolveInner"]>;

/** The colours of payloads, so that both schemes can be read. */
export const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.propertyName, color: "var(--sl-code-name)" },
    { tag: tags.string, color: "var(--sl-code-quoted)" },
    { tag: tags.number, color: "var(--sl-code-number)" },
    { tag: [tags.bool, tags.null], color: "var(--sl-code-word)" },
    { tag: [tags.punctuation, tags.bracket], color: "var(--sl-text-dim)" },
  ]),
);

/** Marks what the server says, each at its path; and where the text is no JSON. */
export function problemLinter(problems: () => readonly Problem[]) {
  return linter(
    (view) => {
      const text = view.state.doc.toString();
      const broken = syntaxError(text);
      if (broken.length) return broken;
      const places = placesOf(text);
      return problems().map((problem): Diagnostic => {
        const { from, to } = placeOf(places, problem.path);
        const end = Math.min(to, view.state.doc.lineAt(from).to);
        const severity = problem.kind === "warning" ? "warning" : "error";
        return { from, to: Math.min(Math.max(end, from), text.length), severity, message: problem.message };
      });
    },
    { delay: 200 },
  );
}

export function forceLint(view: EditorView): void {
  forceLinting(view);
}

/** Completes names of the schema, words of closed sets, and transformers. */
export function completing(known: () => Knowledge | undefined) {
  const source = (context: CompletionContext) => {
    const now = known();
    return now ? complete(now, context) : null;
  };
  return autocompletion({ override: [source], activateOnTyping: true });
}

/** Shows what a canonical property means where the pointer is on it. */
export function meanings(known: () => Knowledge | undefined) {
  return hoverTooltip((view, pos, side) => {
    const node = syntaxTree(view.state).resolveInner(pos, side);
    const read = (one: Node) => view.state.sliceDoc(one.from, one.to);
    if (node.name !== "String" || !isTarget(pathOf(node, read))) return null;
    const found = known()?.canonical?.find(({ path }) => path === unquoted(read(node)));
    if (!found) return null;
    const dom = document.createElement("div");
    dom.textContent = `${found.type}${found.required ? ", required" : ""}: ${found.meaning}`;
    return { pos: node.from, end: node.to, create: () => ({ dom }) };
  });
}

export function complete(known: Knowledge, context: CompletionContext): CompletionResult | null {
  // A busy browser may not have read so far yet.
  const tree = ensureSyntaxTree(context.state, context.pos, 500) ?? syntaxTree(context.state);
  const node = tree.resolveInner(context.pos, -1);
  const read = (one: Node) => context.state.sliceDoc(one.from, one.to);
  const word = context.matchBefore(/"[\w.[\]]*/);
  const from = word ? word.from : context.pos;
  if (!word && !context.explicit) return null;
  const options = isName(node, context) ? names(known, pathOf(objectOf(node), read), taken(node, read)) : [];
  const words = options.length ? [] : values(known, pathOf(valuePlace(node), read));
  const found = [...options.map((one) => asName(one)), ...words.map((one) => asValue(one))];
  return found.length ? { from, to: endOf(context), options: found, validFor: /^"[\w.[\]]*$/ } : null;
}

/** The quote behind the cursor belongs to the word that is completed. */
function endOf(context: CompletionContext): number {
  return context.state.sliceDoc(context.pos, context.pos + 1) === '"' ? context.pos + 1 : context.pos;
}

function asName({ label, detail, info }: Suggestion): Completion {
  const shown: Completion = { label: `"${label}"`, displayLabel: label, apply: `"${label}": `, type: "property" };
  return { ...shown, ...(detail ? { detail } : {}), ...(info ? { info } : {}) };
}

function asValue({ label, detail, info }: Suggestion): Completion {
  const shown: Completion = { label: `"${label}"`, displayLabel: label, type: "enum" };
  return { ...shown, ...(detail ? { detail } : {}), ...(info ? { info } : {}) };
}

/** Whether a name of a property is being typed, not a value. */
function isName(node: Node, context: CompletionContext): boolean {
  if (node.name === "PropertyName") return true;
  const before = context.state
    .sliceDoc(0, context.pos)
    .replace(/"[\w.]*$/, "")
    .trimEnd();
  return /[{,]$/.test(before) && objectOf(node)?.name === "Object" && nearest(node)?.name !== "Array";
}

function nearest(node: Node): Node | null {
  let at: Node | null = node;
  while (at && at.name !== "Object" && at.name !== "Array") at = at.parent;
  return at;
}

function objectOf(node: Node): Node | null {
  let at: Node | null = node;
  while (at && at.name !== "Object") at = at.parent;
  return at;
}

/** The value that the cursor is in: a text, or the property that waits for one. */
function valuePlace(node: Node): Node {
  let at = node;
  while (at.parent && at.name !== "Property" && at.parent.name !== "Array" && at.parent.name !== "Property")
    at = at.parent;
  return at;
}

function taken(node: Node, read: (one: Node) => string): string[] {
  const object = objectOf(node);
  const found = object?.getChildren("Property").map((property) => property.getChild("PropertyName")) ?? [];
  return found.flatMap((name) => (name && name.from !== node.from ? [unquoted(read(name))] : []));
}

/** Names and places of everything that a node stands in. */
function pathOf(node: Node | null, read: (one: Node) => string): (string | number)[] {
  const path: (string | number)[] = [];
  for (let at = node; at; at = at.parent) {
    if (at.name === "Property") {
      const name = at.getChild("PropertyName");
      if (name) path.unshift(unquoted(read(name)));
    } else if (at.parent?.name === "Array") {
      path.unshift(0); // elements of a list are alike
    }
  }
  return path;
}

function unquoted(text: string): string {
  return text.replace(/^"|"$/g, "");
}
