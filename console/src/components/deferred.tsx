import { Skeleton } from "@mantine/core";
import { type ComponentType, lazy, Suspense } from "react";

/** A component with much code: loaded when it is first shown, with an empty area of its height until then. */
export function deferred<P extends object>(load: () => Promise<{ default: ComponentType<P> }>, height: number) {
  const Inner = lazy(load) as unknown as ComponentType<P>;
  return (props: P) => (
    <Suspense fallback={<Skeleton height={height} />}>
      <Inner {...props} />
    </Suspense>
  );
}
