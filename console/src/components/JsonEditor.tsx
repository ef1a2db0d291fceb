import { Paper, useComputedColorScheme } from "@mantine/core";
import { useMemo } from "react";
import { CodeMirror, EditorView, json, linter, lintGutter, look, syntaxError } from "./codemirror";

interface Props {
  /** The text, exactly: numbers are never parsed. */
  value: string;
  onChange: (text: string) => void;
  label: string;
  height: string;
}

/** An editor for JSON text that marks where it is no JSON. */
export default function JsonEditor({ value, onChange, label, height }: Props) {
  const scheme = useComputedColorScheme("light");
  const extensions = useMemo(
    () => [
      json(),
      linter((view) => (view.state.doc.toString().trim() ? syntaxError(view.state.doc.toString()) : [])),
      lintGutter(),
      look,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": label }),
    ],
    [label],
  );
  return (
    <Paper withBorder miw={0} style={{ overflow: "hidden" }}>
      {/* Tab moves on, as in every other field; Escape then Tab is not needed. */}
      <CodeMirror
        value={value}
        onChange={onChange}
        theme={scheme}
        height={height}
        extensions={extensions}
        indentWithTab={false}
      />
    </Paper>
  );
}
