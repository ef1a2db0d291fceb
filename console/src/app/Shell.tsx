import { Outlet, useRouter, useRouterState } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import { isSignedOut, useSession } from "~/api/session";
import { ProblemAlert } from "~/components/ProblemAlert";
import { togglePaused } from "~/live/health";
import { usePagesOfMenu } from "~/pages/registry";
import { useShortcutListener, useShortcuts } from "~/state/shortcuts";
import { stored } from "~/state/stored";
import { toggleUtc } from "~/state/zone";
import { Allowed } from "./Allowed";
import { Announcer } from "./Announcer";
import { FirstSteps } from "./FirstSteps";
import { Palette, paletteStore } from "./Palette";
import { Rail } from "./Rail";
import classes from "./Shell.module.css";
import { ShortcutSheet } from "./ShortcutSheet";
import { SignInAgain } from "./SignInAgain";
import { PhoneMenu, TopBar } from "./TopBar";

const narrow = stored("rail", false, (text) => text === "true");

/** The frame of every page: rail, top bar, palette, shortcuts. */
export function Shell() {
  const [sheet, setSheet] = useState(false);
  const [menu, setMenu] = useState(false);
  const router = useRouter();
  const session = useSession();
  const isNarrow = narrow.use();
  const pages = usePagesOfMenu();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const signedOut = isSignedOut(session.error);
  useShortcutListener();
  useShortcuts([
    { keys: "?", label: "Show the shortcuts", group: "Everywhere", run: () => setSheet(true) },
    { keys: "mod+k", label: "Search and go to", group: "Everywhere", run: () => paletteStore.open() },
    { keys: "/", label: "Search and go to", group: "Everywhere", run: () => paletteStore.open() },
    { keys: "u", label: "Switch between UTC and local time", group: "Everywhere", run: toggleUtc },
    { keys: ".", label: "Hold live data, let it go on", group: "Everywhere", run: togglePaused },
    ...pages.flatMap(({ rail, path, title }) =>
      rail.key
        ? [{ keys: `g ${rail.key}`, label: title, group: "Go to", run: () => void router.navigate({ href: path }) }]
        : [],
    ),
  ]);
  return (
    <div className={classes.shell} data-narrow={isNarrow}>
      <a className={classes.skip} href="#content">
        Skip to the content
      </a>
      <Rail narrow={isNarrow} onToggle={() => narrow.set(!isNarrow)} />
      <div className={classes.right}>
        <TopBar onHelp={() => setSheet(true)} onMenu={() => setMenu(true)} />
        <main id="content" className={classes.content} data-scrolls tabIndex={-1}>
          <div className={classes.page}>
            {session.error && !signedOut && (
              <ProblemAlert error={session.error} onRetry={() => void session.refetch()} />
            )}
            <Suspense key={path} fallback={null}>
              <Allowed>
                <FirstSteps />
                <Outlet />
              </Allowed>
            </Suspense>
          </div>
        </main>
      </div>
      <PhoneMenu opened={menu} onClose={() => setMenu(false)} />
      <Palette />
      <ShortcutSheet opened={sheet} onClose={() => setSheet(false)} />
      <Announcer />
      <SignInAgain />
    </div>
  );
}
