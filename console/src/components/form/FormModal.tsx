import { Modal, type ModalProps } from "@mantine/core";
import { createContext, type ReactNode, use, useEffect, useRef, useState } from "react";
import { mayLeave, useUnsaved } from "./unsaved";

interface Dialog {
  /** Says whether something was typed. */
  setDirty: (dirty: boolean) => void;
  /** Closes, and asks first where something was typed. */
  close: () => void;
  /** Closes after what was typed is saved. */
  done: () => void;
}

const DialogContext = createContext<Dialog | null>(null);

/** The `FormModal` around a form; null where a form stands in a page. */
export function useDialog(): Dialog | null {
  return use(DialogContext);
}

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
    <Modal opened={!leaving} onClose={close} {...rest}>
      <DialogContext value={{ setDirty, close, done: () => setLeaving(true) }}>{children}</DialogContext>
    </Modal>
  );
}
