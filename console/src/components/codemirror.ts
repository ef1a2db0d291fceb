// The heavy part of the editors, loaded when the first of them is shown.
import { json } from "@codemirror/lang-json";
import { type Diagnostic, linter, lintGutter } from "@codemirror/lint";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import CodeMirror, { EditorState, EditorView } from "@uiw/react-codemirror";
import { parsePayload } from "~/api/lossless";

export { CodeMirror, EditorState, EditorView, json, lintGutter, MergeView, unifiedMergeView };

/** A mistake in the text, by character. */
export interface Mistake {
  from: number;
  to: number;
  message: string;
}

export const look = EditorView.theme({
  "&": { fontSize: "12.5px", backgroundColor: "var(--sl-sunken)" },
  ".cm-content, .cm-gutters": { fontFamily: "var(--mantine-font-family-monospace)" },
  ".cm-gutters": { backgroundColor: "var(--sl-surface)", borderColor: "var(--sl-line)", color: "var(--sl-text-dim)" },
  "&.cm-focused": { outline: "2px solid var(--mantine-primary-color-filled)", outlineOffset: "-1px" },
});

/** Marks where the text is no JSON, and what else its owner finds wrong with it. */
export function jsonLinter(more: (text: string) => Mistake[] = () => []) {
  return linter((view) => {
    const text = view.state.doc.toString();
    const mistakes = text.trim() ? [...syntax(text), ...more(text)] : [];
    return mistakes.map(
      (mistake): Diagnostic => ({
        from: Math.min(mistake.from, text.length),
        to: Math.min(Math.max(mistake.to, mistake.from), text.length),
        severity: "error",
        message: mistake.message,
      }),
    );
  });
}

function syntax(text: string): Mistake[] {
  try {
    parsePayload(text);
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const at = Number(/position (\d+)/.exec(message)?.[1] ?? text.length);
    return [{ from: at, to: at + 1, message }];
  }
}
