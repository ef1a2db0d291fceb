import type { ReactNode } from "react";

/** A column of a table. */
export interface Column<T> {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  align?: "right";
  /** Pixels, or a share such as "30%"; without it the column takes what it needs. */
  width?: number | string;
  /** Not shown until a person asks for it. */
  hidden?: boolean;
  /** The name of the order in the API that sorts by it; with `-` where a first click puts the largest first. */
  sort?: string;
  /** Its text may be long: it is cut, with the whole in a tooltip, and leaves room for the other columns. */
  cut?: boolean;
}
