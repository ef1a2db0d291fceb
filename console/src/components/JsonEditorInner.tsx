import { useComputedColorScheme } from "@mantine/core";
import { useMemo } from "react";
import { CodeMirror, EditorView, json, jsonLinter, lintGutter, look } from "./codemirror";
import type { JsonEditorProps } from "./JsonEditor";

export default function JsonEditorInner({ value, onChange, label, mistakes, height, readOnly }: JsonEditorProps) {
  const scheme = useComputedColorScheme("light");
  const extensions = useMemo(
    () => [
      json(),
      jsonLinter(mistakes),
      lintGutter(),
      look,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": label }),
    ],
    [label, mistakes],
  );
  return (
    <CodeMirror
      value={value}
      onChange={onChange}
      theme={scheme}
      height={height ?? "360px"}
      extensions={extensions}
      readOnly={readOnly ?? false}
      // Tab moves on, as in every other field; Escape then Tab is not needed.
      indentWithTab={false}
    />
  );
}
