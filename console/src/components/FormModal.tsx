import { Modal, type ModalProps } from "@mantine/core";
import { createContext, type ReactNode, use, useEffect, useRef, useState } from "react";
import { mayLeave, useUnsaved } from "./unsaved";

interface Form {
  /** Says whether something was typed. */
  tell: (dirty: boolean) => void;
  /** Closes, and asks first where something was typed. */
  close: () => void;
  /** Closes after what was typed is saved. */
  done: () => void;
}

const FormContext = createContext<Form | null>(null);

interface Props extends Omit<ModalProps, "opened"> {
  children: ReactNode;
  /** The search parameter by which the dialog is open, if it is in the address. */
  part?: string;
}

/** A dialog with a form: what closes it, Back and the tab's own cross included, asks before something is lost. */
export function FormModal({ onClose, children, part, ...rest }: Props) {
  const [dirty, setDirty] = useState(false);
  const asking = useRef(false);
  const [leaving, setLeaving] = useState(false);
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
    <Modal opened={!leaving} onClose={close} closeButtonProps={{ "aria-label": "Close" }} {...rest}>
      <FormContext value={{ tell: setDirty, close, done: () => setLeaving(true) }}>{children}</FormContext>
    </Modal>
  );
}

/** The dialog around a form, which is told whether something was typed. */
export function useFormModal(dirty: boolean): Omit<Form, "tell"> {
  const form = use(FormContext);
  if (!form) throw new Error("a form in a dialog stands in a FormModal");
  const { tell, close, done } = form;
  useEffect(() => {
    tell(dirty);
    return () => tell(false);
  }, [tell, dirty]);
  return { close, done };
}
