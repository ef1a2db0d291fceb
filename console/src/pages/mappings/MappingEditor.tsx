import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useMemo, useRef } from "react";
import { CodeMirror, EditorView, json, lintGutter, look } from "~/components/codemirror";
import type { Problem } from "./check";
import type { Knowledge } from "./completion";
import { colours, completing, forceLint, meanings, problemLinter } from "./extensions";
import { placeOf, placesOf } from "./places";

interface Props {
  value: string;
  onChange: (text: string) => void;
  readOnly: boolean;
  /** What the server finds wrong with this very text. */
  problems: readonly Problem[];
  known: Knowledge | undefined;
  /** Given once the editor stands: puts the cursor on a path and scrolls there. */
  onReady: (jump: (path: string) => void) => void;
  height: string;
}

/** The editor of a mapping: completes names and transformers, marks the server's problems in their lines. */
export default function MappingEditor({ value, onChange, readOnly, problems, known, onReady, height }: Props) {
  const scheme = useComputedColorScheme("light");
  const view = useRef<EditorView | null>(null);
  const latest = useRef(problems);
  latest.current = problems;
  const knows = useRef(known);
  knows.current = known;
  const isKnown = known !== undefined;
  const extensions = useMemo(
    () => [
      json(),
      problemLinter(() => latest.current),
      lintGutter(),
      isKnown ? [completing(() => knows.current), meanings(() => knows.current)] : [],
      look,
      colours,
      EditorView.lineWrapping,
      EditorView.theme({}, { dark: scheme === "dark" }),
      EditorView.contentAttributes.of({ "aria-label": "Mapping document", tabindex: "0" }),
    ],
    [isKnown, scheme],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: new problems are why it looks again
  useEffect(() => {
    if (view.current) forceLint(view.current);
  }, [problems]);
  const start = (made: EditorView) => {
    view.current = made;
    onReady((path) => {
      const place = placeOf(placesOf(made.state.doc.toString()), path);
      made.dispatch({
        selection: { anchor: place.from },
        effects: EditorView.scrollIntoView(place.from, { y: "center" }),
      });
      made.dom.scrollIntoView({ block: "nearest" });
      made.focus();
    });
  };
  return (
    <CodeMirror
      value={value}
      onChange={onChange}
      readOnly={readOnly}
      onCreateEditor={start}
      theme="none"
      height={height}
      extensions={extensions}
      // Tab moves on, as in every other field.
      indentWithTab={false}
    />
  );
}
