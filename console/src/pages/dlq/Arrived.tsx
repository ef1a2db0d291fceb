import { Button } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { queryClient } from "~/api/query";
import { useSummary } from "./badge";
import { filterOf, type View } from "./filters";

interface Props {
  view: View;
  /** When the newest entry that is shown failed. */
  newestShown: string | undefined;
}

/** Says that entries have arrived since; the list itself never moves by itself. */
export function Arrived({ view, newestShown }: Props) {
  const newest = useSummary()?.lastFailedAt;
  const isFirst = view.cursor === "" && view.status === "pending" && Object.keys(filterOf(view)).length === 0;
  if (!newest || !isFirst || newestShown === undefined) return null;
  if (Date.parse(newest) <= Date.parse(newestShown)) return null;
  return (
    <Button
      size="compact-xs"
      variant="light"
      leftSection={<IconRefresh size={13} />}
      onClick={() => void queryClient.invalidateQueries({ queryKey: ["dlq"] })}
    >
      New entries: show
    </Button>
  );
}
