import { Button, type ButtonProps } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { refetch } from "~/api/query";
import { confirm, type Question } from "./confirm";
import { toast } from "./toast";

interface Action<R> {
  run: () => Promise<R>;
  /** Asked first. */
  ask?: Question | false;
  /** What is said when it was done. */
  done?: string;
  onDone?: ((result: R) => unknown) | undefined;
  onFailed?: ((error: unknown) => void) | undefined;
  /** First names of the queries that show something else now. */
  changes?: readonly string[];
}

/** Does something at the server: asks first where there is a question, says what was done or why not. */
export function useAction<R>({ run, ask = false, done, onDone, onFailed, changes = [] }: Action<R>) {
  const action = useMutation({
    mutationFn: run,
    onSuccess: (result) => {
      if (done) toast.done(done);
      return onDone?.(result);
    },
    onError: (error) => {
      toast.failed(error);
      onFailed?.(error);
    },
    onSettled: () => void refetch(...changes),
  });
  const start = async () => {
    if (!ask || (await confirm(ask))) action.mutate();
  };
  return { start: () => void start(), pending: action.isPending };
}

interface Props<R> extends Action<R>, ButtonProps {
  children: ReactNode;
  "aria-label"?: string;
}

export function ActionButton<R>({ run, ask, done, onDone, onFailed, changes, ...button }: Props<R>) {
  const { start, pending } = useAction({ run, ask, done, onDone, onFailed, changes } as Action<R>);
  return <Button variant="default" loading={pending} onClick={start} {...button} />;
}
