import { Drawer } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ProblemAlert } from "./ProblemAlert";

interface Props<T> {
  query: UseQueryResult<T>;
  title: (known: T | undefined) => string;
  size: string | number;
  onClose: () => void;
  children: (known: T) => ReactNode;
}

/** One thing of a list, beside the list; Escape goes back to it. */
export function DetailDrawer<T>({ query: { data, error, refetch }, title, size, onClose, children }: Props<T>) {
  return (
    <Drawer opened onClose={onClose} size={size} title={title(data)}>
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {data !== undefined && children(data)}
    </Drawer>
  );
}
