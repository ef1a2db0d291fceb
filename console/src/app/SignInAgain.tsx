import { Modal, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { fetchSession, isSignedOut, type Session, sessionQuery, useSession } from "~/api/session";
import { listenAgain } from "~/live/source";
import { ByPassword } from "~/pages/login/ByPassword";
import { enter } from "~/pages/login/entering";

/**
 * Signing in above the page when a session has ended: what was typed below stays, and work goes on where it was. A link
 * of `syncline dev`, opened in another tab, does the same: the session is asked for again when this tab is looked at.
 */
export function SignInAgain() {
  const client = useQueryClient();
  const session = useSession();
  const before = useRef<Session | undefined>(undefined);
  if (session.data && !session.error) before.current = session.data;
  const ended = isSignedOut(session.error);
  const goOn = async () => {
    const now = await fetchSession();
    const was = before.current;
    // Somebody else: nothing of what the first one saw may stay.
    if (was && (now.name !== was.name || now.tenant !== was.tenant)) return enter();
    client.setQueryData(sessionQuery.queryKey, now);
    await client.invalidateQueries();
    listenAgain();
  };
  return (
    <Modal
      opened={ended}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title="Your session has ended"
      zIndex={400}
    >
      <Stack gap="sm">
        <Text c="dimmed">Sign in to go on where you were. What you typed is still there.</Text>
        {ended && <ByPassword known={before.current?.name ?? ""} onSignedIn={() => void goOn()} />}
      </Stack>
    </Modal>
  );
}
