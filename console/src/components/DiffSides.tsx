import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import { EditorState, EditorView, json, look, MergeView } from "./codemirror";

interface Props {
  before: string;
  after: string;
  label: string;
  maxHeight: number;
}

/** Two texts side by side, with what differs marked. */
export default function DiffSides({ before, after, label, maxHeight }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  useEffect(() => {
    if (!place.current) return;
    const extensions = [
      json(),
      look,
      EditorView.theme({}, { dark: scheme === "dark" }),
      EditorView.lineWrapping,
      EditorState.readOnly.of(true),
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
    ];
    const view = new MergeView({
      a: { doc: before, extensions },
      b: { doc: after, extensions },
      parent: place.current,
      collapseUnchanged: { margin: 3, minSize: 6 },
      gutter: true,
    });
    return () => view.destroy();
  }, [before, after, label, scheme]);
  return <div ref={place} style={{ maxHeight, overflow: "auto" }} />;
}
