import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { Problem } from "./check";
import type { Knowledge } from "./completion";

export interface MappingEditorProps {
  value: string;
  onChange: (text: string) => void;
  /** What the server finds wrong with this very text. */
  problems: readonly Problem[];
  known: Knowledge | undefined;
  /** Given once the editor stands: puts the cursor on a path and scrolls there. */
  onReady: (jump: (path: string) => void) => void;
  height: string;
}

const Inner = lazy(() => import("./MappingEditorInner"));

/** The editor of a mapping: completes names and transformers, marks the server's problems in their lines. */
export function MappingEditor(props: MappingEditorProps) {
  return (
    <Suspense fallback={<Skeleton height={props.height} />}>
      <Inner {...props} />
    </Suspense>
  );
}
