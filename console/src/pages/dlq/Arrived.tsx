import { Button } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { queryClient } from "~/api/query";
import { useSummary } from "./badge";

interface Props {
  /** When the newest entry that is shown failed. */
  newestShown: string | undefined;
  onFirstPage: boolean;
}

/** Says that entries have arrived since; the list itself never moves by itself. */
export function Arrived({ newestShown, onFirstPage }: Props) {
  const newest = useSummary()?.lastFailedAt;
  if (!newest || !onFirstPage || newestShown === undefined) return null;
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
