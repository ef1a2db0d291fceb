import { Drawer } from "@mantine/core";
import { EntryView } from "./EntryView";

/** One entry beside the list; Escape goes back to its row. */
export function EntryDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={760}
      title="Dead letter"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <EntryView id={id} inDialog />
    </Drawer>
  );
}
