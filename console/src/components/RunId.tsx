import { links } from "~/app/links";
import { CopyId } from "./CopyId";

/** The correlation ID of a run, with a way to it; a dash where there is none. */
export function RunId({ id }: { id: string | null | undefined }) {
  return id ? <CopyId value={id} what="correlation ID" to={links.run(id)} /> : "–";
}
