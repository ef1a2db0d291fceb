import { useLacking } from "~/api/session";

/** Words of a link to dead letters, which promise nothing that its reader may not do there. */
export function ForRepair({ otherwise }: { otherwise: string }) {
  return useLacking("dead_letters") ? otherwise : "Repair and replay";
}
