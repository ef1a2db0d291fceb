import { type UseFormReturnType, useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { asProblem, errorsByField, fieldOf, type Problem } from "~/api/problem";
import { useDialog } from "./FormModal";

export interface FormOptions<V, R, A = void> {
  initial: V;
  /** The call of the API; its `Problem` is shown, what is wrong with a field beside that field. */
  send: (values: V, asked: A) => Promise<R>;
  /** After the server has taken it, before the dialog around the form is closed. */
  onSent?: (result: R, asked: A) => unknown;
  onError?: () => unknown;
  /** Whether the dialog stays open to show what came of it. */
  staysOpen?: (result: R) => boolean;
  /** The form's names of fields that the API calls otherwise. */
  names?: Record<string, string>;
}

export interface ApiForm<V, R = unknown, A = void> extends UseFormReturnType<V> {
  /** Value, change and error of a field, for its input. */
  field: UseFormReturnType<V>["getInputProps"];
  send: (asked: A) => void;
  /** Something was typed that is not sent. */
  dirty: boolean;
  pending: boolean;
  /** Why it was refused, without what stands beside a field. */
  problem: Problem | undefined;
  /** What the server answered. */
  result: R | undefined;
}

/**
 * A form that is sent to the API: its fields (`getInputProps`), what the server says of each, and whether something was
 * typed; the dialog around it asks before that is lost, and is closed when the form was sent.
 */
export function useApiForm<V extends object, R = unknown, A = void>(options: FormOptions<V, R, A>): ApiForm<V, R, A> {
  const { initial, send, onSent, onError, staysOpen, names = {} } = options;
  const form = useForm<V>({ initialValues: initial });
  const dialog = useDialog();
  const mutation = useMutation({
    mutationFn: (asked: A) => send(form.getValues(), asked),
    onMutate: () => form.clearErrors(),
    onSuccess: async (result, asked) => {
      await onSent?.(result, asked);
      if (!staysOpen?.(result)) dialog?.done();
    },
    onError: (error) => {
      form.setErrors(errorsByField(asProblem(error), names));
      onError?.();
    },
  });
  const dirty = form.isDirty();
  const setDirty = dialog?.setDirty;
  useEffect(() => {
    setDirty?.(dirty);
    return () => setDirty?.(false);
  }, [setDirty, dirty]);
  const { mutate, isPending, error, data } = mutation;
  const isBeside = (path: string) => (names[fieldOf(path)] ?? fieldOf(path)) in form.values;
  const problem = error ? asProblem(error).without(isBeside) : undefined;
  return { ...form, field: form.getInputProps, send: mutate, dirty, pending: isPending, problem, result: data };
}
