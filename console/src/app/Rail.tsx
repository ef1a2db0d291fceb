import { ActionIcon, Badge, ScrollArea, Tooltip } from "@mantine/core";
import { IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type Page, type RailEntry, usePagesOfMenu } from "~/pages/registry";
import { count, short } from "~/state/format";
import classes from "./Rail.module.css";

const GROUPS: RailEntry["group"][] = ["Work", "Set-up", "Watch", "Administration"];
type InRail = Page & { rail: RailEntry };

/** All pages, by icon and word; folded to icons when `narrow`. */
export function Rail({ narrow, onToggle }: { narrow: boolean; onToggle: () => void }) {
  const Fold = narrow ? IconLayoutSidebarLeftExpand : IconLayoutSidebarLeftCollapse;
  return (
    <div className={classes.rail}>
      <Link to="/" className={classes.brand} aria-label="Syncline, dashboard">
        <img src="/icon.svg" alt="" width={24} height={24} />
        <span className={classes.word}>Syncline</span>
      </Link>
      <ScrollArea className={classes.scroll} type="auto" scrollbarSize={6}>
        <PageList narrow={narrow} />
      </ScrollArea>
      <ActionIcon
        className={classes.fold}
        onClick={onToggle}
        aria-label={narrow ? "Show the words of the menu" : "Fold the menu to icons"}
      >
        <Fold size={18} />
      </ActionIcon>
    </div>
  );
}

/** The pages that somebody may see, in their groups. */
export function PageList({ narrow }: { narrow: boolean }) {
  const allowed = usePagesOfMenu();
  return (
    <nav aria-label="Pages">
      {GROUPS.filter((group) => allowed.some(({ rail }) => rail.group === group)).map((group) => (
        <ul key={group} className={classes.group} aria-label={group}>
          {allowed
            .filter(({ rail }) => rail.group === group)
            .map((page) => (
              <li key={page.path}>
                <Entry page={page} narrow={narrow} />
              </li>
            ))}
        </ul>
      ))}
    </nav>
  );
}

const noBadge = () => null;

function Entry({ page, narrow }: { page: InRail; narrow: boolean }) {
  const { icon: Icon, useBadge = noBadge } = page.rail;
  const badge = useBadge();
  const shown = badge ? (badge > 99_999 ? "99k+" : short(badge)) : "";
  const exact = badge && badge >= 1_000 ? `, exactly ${count(badge)}` : "";
  // Begins with what is seen, for those who say it to their computer.
  const label = badge ? `${page.title} ${shown}${exact}` : page.title;
  return (
    <Tooltip label={label} position="right" disabled={!narrow && (badge ?? 0) < 1_000}>
      <Link
        to={page.path}
        className={classes.entry}
        activeOptions={{ exact: page.path === "/", includeSearch: false }}
        activeProps={{ "data-active": "true", "aria-current": "page" }}
        aria-label={label}
      >
        <Icon size={18} stroke={1.7} />
        <span className={classes.word}>{page.title} </span>
        {badge !== null && badge > 0 && (
          <Badge className={classes.badge} size="sm" variant="transparent" tt="none">
            {shown}
          </Badge>
        )}
      </Link>
    </Tooltip>
  );
}
