// The heavy part of the editors, loaded when the first of them is shown.
import { json } from "@codemirror/lang-json";
import { type Diagnostic, linter, lintGutter } from "@codemirror/lint";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import CodeMirror, { EditorState, EditorView } from "@uiw/react-codemirror";
import { parsePayload } from "~/api/lossless";

export { CodeMirror, EditorState, EditorView, json, linter, lintGutter, MergeView, unifiedMergeView };

export const look = EditorView.theme({
  "&": { fontSize: "12.5px", backgroundColor: "var(--sl-sunken)" },
  ".cm-content, .cm-gutters": { fontFamily: "var(--mantine-font-family-monospace)" },
  ".cm-gutters": { backgroundColor: "var(--sl-surface)", borderColor: "var(--sl-line)", color: "var(--sl-text-dim)" },
  "&.cm-focused": { outline: "2px solid var(--mantine-primary-color-filled)", outlineOffset: "-1px" },
});

/** Where a text is no JSON, and why; nothing where it is. */
export function syntaxError(text: string): Diagnostic[] {
  try {
    parsePayload(text);
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const from = Math.min(Number(/position (\d+)/.exec(message)?.[1] ?? text.length), text.length);
    return [{ from, to: Math.min(from + 1, text.length), severity: "error", message }];
  }
}
