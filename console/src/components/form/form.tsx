import { Button, Group, Modal, type ModalProps, Stack } from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { createContext, Fragment, type ReactNode, use, useEffect, useRef, useState } from "react";
import { asProblem, errorsByField, fieldOf, type Problem } from "~/api/problem";
import { helpOfField } from "~/app/help";
import { helped } from "~/components/Help";
import { Refusal } from "./Refusal";
import { mayLeave, useUnsaved } from "./unsaved";
import { type Edited, type FormDraft, useDraft } from "./useDraft";

interface Dialog {
  /** Says whether something was typed that is kept nowhere. */
  setDirty: (dirty: boolean) => void;
  /** Closes, and asks first where something was typed. */
  close: () => void;
  /** Closes after what was typed is saved. */
  done: () => void;
  /** Under another title, and closed by nothing but a button: what it shows now cannot be shown again. */
  keep: (title: string | undefined) => void;
}

const DialogContext = createContext<Dialog | null>(null);

/** The `FormModal` around a form; null where a form stands in a page. */
export function useDialog(): Dialog | null {
  return use(DialogContext);
}

interface ModalFormProps extends Omit<ModalProps, "opened"> {
  children: ReactNode;
  /** The search parameter by which the dialog is open, if it is in the address. */
  part?: string;
}

/** A dialog with a form: what closes it, Back and the tab's own cross included, asks before something is lost. */
export function FormModal({ onClose, children, part, title, ...rest }: ModalFormProps) {
  const [dirty, setDirty] = useState(false);
  const asking = useRef(false);
  const [leaving, setLeaving] = useState(false);
  const [kept, keep] = useState<string>();
  useUnsaved(dirty && !leaving, part);
  // Closed a render later: the guard of the address must know first.
  useEffect(() => {
    if (leaving) onClose();
  }, [leaving, onClose]);
  const close = () => {
    if (asking.current) return;
    asking.current = true;
    void mayLeave(dirty).then((yes) => {
      asking.current = false;
      if (yes) setLeaving(true);
    });
  };
  return (
    <Modal
      opened={!leaving}
      onClose={close}
      title={kept ?? title}
      closeOnClickOutside={!kept}
      closeOnEscape={!kept}
      {...rest}
    >
      <DialogContext value={{ setDirty, close, done: () => setLeaving(true), keep }}>{children}</DialogContext>
    </Modal>
  );
}

export interface FormOptions<V, R, A = void> {
  initial: V;
  /** The stored object that it edits, or a new one of that kind: what is typed is kept in the browser. */
  edited?: Edited<V>;
  /**
   * The call of the API; its `Problem` is shown, what is wrong with a field beside that field. `version`: the ETag that
   * the edit is based on.
   */
  send: (values: V, asked: A, version: string | null) => Promise<R>;
  /** After the server has taken it, before the dialog around the form is closed. */
  onSent?: (result: R, asked: A) => unknown;
  onError?: () => unknown;
  /** Whether the dialog stays open to show what came of it. */
  staysOpen?: (result: R) => boolean;
  /** The form's names of fields that the API calls otherwise. */
  names?: Record<string, string>;
  /** Its page's word in `app/help`: fields that the docs explain lead there. */
  help?: string;
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
  clearProblem: () => void;
  draft: FormDraft<V>;
  /** What the server answered. */
  result: R | undefined;
}

/**
 * A form that is sent to the API: its fields (`getInputProps`), what the server says of each, and whether something was
 * typed; the dialog around it asks before that is lost, and is closed when the form was sent.
 */
export function useApiForm<V extends object, R = unknown, A = void>(options: FormOptions<V, R, A>): ApiForm<V, R, A> {
  const { initial, edited, send, onSent, onError, staysOpen, names = {}, help } = options;
  const form = useForm<V>({ initialValues: initial });
  const dirty = form.isDirty();
  const draft = useDraft(form, dirty, edited);
  const dialog = useDialog();
  const mutation = useMutation({
    mutationFn: (asked: A) => send(form.getValues(), asked, draft.version),
    onMutate: () => form.clearErrors(),
    onSuccess: async (result, asked) => {
      draft.drop();
      await onSent?.(result, asked);
      if (!staysOpen?.(result)) dialog?.done();
    },
    onError: (error) => {
      form.setErrors(errorsByField(asProblem(error), names));
      draft.compareIfStale(error);
      onError?.();
    },
  });
  const setDirty = dialog?.setDirty;
  const { mutate, isPending, error, data, reset } = mutation;
  const unsent = dirty && !draft.kept && data === undefined;
  useEffect(() => {
    setDirty?.(unsent);
    return () => setDirty?.(false);
  }, [setDirty, unsent]);
  const isBeside = (path: string) => (names[fieldOf(path)] ?? fieldOf(path)) in form.values;
  const problem = error ? asProblem(error).without(isBeside) : undefined;
  const field: typeof form.getInputProps = (path, as) => ({
    ...form.getInputProps(path, as),
    ...(help && as?.type !== "checkbox" ? helped(helpOfField(`${help}.${String(path)}`), String(path)) : {}),
  });
  const sending = { send: mutate, pending: isPending, problem, clearProblem: reset, result: data };
  return { ...form, field, dirty, draft, ...sending };
}

/** What the first field of a dialog has, which must be filled in. */
export const FIRST = { required: true, "data-autofocus": true, autoComplete: "off" };

interface FormProps<V, R> {
  form: ApiForm<V, R>;
  /** On the button that sends it. */
  submit: string;
  /** Whether all is there that the server needs. */
  ready?: boolean;
  danger?: boolean;
  /** The button has the focus first, not a field. */
  focused?: boolean;
  /** Instead of the plain words of a refusal. */
  refusal?: ReactNode;
  /** Leaves to the server what the browser would refuse. */
  noValidate?: boolean;
  children: ReactNode;
}

/** A form: why it was refused, its fields, and the button that sends it; in a dialog beside one that closes it. */
export function Form<V extends object, R>(props: FormProps<V, R>) {
  const { form, submit, ready = true, danger = false, focused, refusal, noValidate, children } = props;
  const dialog = useDialog();
  const send = form.onSubmit(() => {
    if (ready && !form.pending) form.send();
  });
  return (
    <form onSubmit={send} noValidate={noValidate}>
      <Stack gap={dialog ? "md" : "sm"}>
        {refusal ?? <Refusal form={form} />}
        <Fragment key={form.draft.filled}>{children}</Fragment>
        {dialog ? (
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={dialog.close}>
              Cancel
            </Button>
            <Button
              type="submit"
              loading={form.pending}
              disabled={!ready}
              color={danger ? "red" : undefined}
              data-autofocus={focused || undefined}
            >
              {submit}
            </Button>
          </Group>
        ) : (
          <Button type="submit" loading={form.pending || form.result !== undefined} fullWidth mt="xs">
            {submit}
          </Button>
        )}
      </Stack>
    </form>
  );
}
