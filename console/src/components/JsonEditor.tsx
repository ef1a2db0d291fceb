import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { Mistake } from "./codemirror";
import classes from "./DiffView.module.css";

export interface JsonEditorProps {
  /** The text, exactly: numbers are never parsed. */
  value: string;
  onChange?: (text: string) => void;
  label: string;
  /** What is wrong beside the syntax, by character; declare or memoise it outside the render. */
  mistakes?: (text: string) => Mistake[];
  height?: string;
  readOnly?: boolean;
}

const Inner = lazy(() => import("./JsonEditorInner"));

/** An editor for JSON text that marks mistakes in their line. */
export function JsonEditor(props: JsonEditorProps) {
  return (
    <div className={classes.frame}>
      <Suspense fallback={<Skeleton height={props.height ?? 360} />}>
        <Inner {...props} />
      </Suspense>
    </div>
  );
}
