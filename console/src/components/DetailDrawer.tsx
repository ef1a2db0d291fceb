import { Drawer } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
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
    <OpenDrawer onClose={onClose} size={size} title={title(data)}>
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {data !== undefined && children(data)}
    </OpenDrawer>
  );
}

interface OpenProps {
  title: string;
  size: string | number;
  onClose: () => void;
  children: ReactNode;
}

/** A drawer that is there only while it is open: the focus goes back to what had it, as of any that closes. */
export function OpenDrawer(props: OpenProps) {
  const before = useRef(document.activeElement);
  useEffect(() => {
    const { current } = before;
    return () => {
      if (current instanceof HTMLElement && current.isConnected) current.focus({ preventScroll: true });
    };
  }, []);
  return <Drawer opened {...props} />;
}
