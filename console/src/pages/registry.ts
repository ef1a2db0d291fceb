import {
  IconActivity,
  IconAddressBook,
  IconArrowsShuffle,
  IconBell,
  IconBuilding,
  IconCalendarClock,
  IconClipboardList,
  IconDatabaseSearch,
  IconKey,
  IconLayoutDashboard,
  IconMailExclamation,
  IconPlayerPlay,
  IconPlug,
  IconTopologyStar3,
  IconTransform,
  IconWebhook,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import { type Permission, useSession } from "~/api/session";
import { usePendingCount } from "./dlq/badge";
import type { BarePath, PagePath } from "./search";

/** An entry of the left rail. */
export interface RailEntry {
  icon: ComponentType<{ size?: number; stroke?: number }>;
  group: "Work" | "Set-up" | "Watch" | "Administration";
  /** Pressed after `g`: "r" for Runs. */
  key?: string;
  /** A number to show; null for none. */
  useBadge?: () => number | null;
}

/** A page, loaded when it is first opened. Its module exports the component as default. */
export interface Page<Path = PagePath> {
  /** Declared in `search.ts`; `$name` takes a part: `useParams({ from: "/signed-in/mappings/$name" }).name`. */
  path: Path;
  title: string;
  /** Without it the page is in no menu, and says who may see it. */
  needs?: Permission;
  load: () => Promise<{ default: ComponentType }>;
  rail?: RailEntry;
}

/** Every page of the console, one line each, in the order of the rail. */
// biome-ignore format: one line a page keeps changes of different people apart
export const pages: Page[] = [
  { path: "/", title: "Dashboard", load: () => import("./dashboard/page"), rail: { icon: IconLayoutDashboard, group: "Work", key: "d" } },
  { path: "/trigger", title: "Sync Trigger", load: () => import("./trigger/page"), rail: { icon: IconPlayerPlay, group: "Work", key: "t" } },
  { path: "/runs", title: "Runs", load: () => import("./runs/page"), rail: { icon: IconActivity, group: "Work", key: "r" } },
  { path: "/runs/$runId", title: "Run", load: () => import("./runs/detail") },
  { path: "/records", title: "Records", load: () => import("./records/page"), rail: { icon: IconDatabaseSearch, group: "Work", key: "o" } },
  { path: "/records/$sourceId", title: "Record", load: () => import("./records/passport") },
  { path: "/dlq", title: "Dead Letter Queue", load: () => import("./dlq/page"), rail: { icon: IconMailExclamation, group: "Work", key: "q", useBadge: usePendingCount } },
  { path: "/dlq/$id", title: "Dead letter", load: () => import("./dlq/EntryView") },
  { path: "/operations", title: "Operations", load: () => import("./dlq/OperationList") },
  { path: "/operations/$id", title: "Operation", load: () => import("./dlq/OperationPage") },
  { path: "/instances", title: "Instances", load: () => import("./instances/page"), rail: { icon: IconArrowsShuffle, group: "Set-up", key: "i" } },
  { path: "/instances/$name", title: "Instance", load: () => import("./instances/detail") },
  { path: "/new/instance", title: "New instance", needs: "configure", load: () => import("./instances/detail").then((page) => ({ default: page.NewInstancePage })) },
  { path: "/new/from-template", title: "From a template", needs: "configure", load: () => import("./templates/page") },
  { path: "/connection-profiles", title: "Connection Profiles", load: () => import("./profiles/page"), rail: { icon: IconPlug, group: "Set-up", key: "c" } },
  { path: "/connection-profiles/$name", title: "Connection profile", load: () => import("./profiles/detail") },
  { path: "/new/connection-profile", title: "New connection profile", needs: "configure", load: () => import("./profiles/detail").then((page) => ({ default: page.NewProfilePage })) },
  { path: "/mappings", title: "Mappings", load: () => import("./mappings/page"), rail: { icon: IconTransform, group: "Set-up", key: "m" } },
  { path: "/mappings/$name", title: "Mapping", load: () => import("./mappings/detail") },
  { path: "/new/mapping", title: "New mapping", needs: "configure", load: () => import("./mappings/detail").then((page) => ({ default: page.NewMappingPage })) },
  { path: "/schedules", title: "Schedules", load: () => import("./schedules/page"), rail: { icon: IconCalendarClock, group: "Set-up", key: "s" } },
  { path: "/hooks", title: "Webhooks In", load: () => import("./hooks/page"), rail: { icon: IconWebhook, group: "Set-up", key: "h" } },
  { path: "/monitor", title: "Pipeline Monitor", load: () => import("./monitor/page"), rail: { icon: IconTopologyStar3, group: "Watch", key: "p" } },
  { path: "/notifications", title: "Notifications", needs: "notifications", load: () => import("./notifications/page"), rail: { icon: IconBell, group: "Watch", key: "n" } },
  { path: "/notifications/$kind/$id", title: "Notification", needs: "notifications", load: () => import("./notifications/detail") },
  { path: "/api-keys", title: "API Keys", needs: "api_keys", load: () => import("./api-keys/page"), rail: { icon: IconKey, group: "Administration", key: "k" } },
  { path: "/users", title: "Users", needs: "users", load: () => import("./users/page"), rail: { icon: IconAddressBook, group: "Administration", key: "u" } },
  { path: "/tenants", title: "Tenants", needs: "tenants", load: () => import("./tenants/page"), rail: { icon: IconBuilding, group: "Administration" } },
  { path: "/audit-log", title: "Audit Log", needs: "audit_log", load: () => import("./audit-log/page"), rail: { icon: IconClipboardList, group: "Administration", key: "l" } },
];

/** The pages of the menu that somebody may see. */
export function usePagesOfMenu(): (Page & { rail: RailEntry })[] {
  const missing = useSession().data?.missingPermissions.map((one) => one.permission);
  return pages
    .filter((page): page is Page & { rail: RailEntry } => page.rail !== undefined)
    .filter(({ needs }) => !needs || !missing?.includes(needs));
}

/** Pages without rail and top bar, for those who are not signed in. */
export const barePages: Page<BarePath>[] = [
  { path: "/login", title: "Sign in", load: () => import("./login/page") },
  { path: "/setup", title: "Set up", load: () => import("./login/setup") },
  { path: "/choose-password", title: "Choose a password", load: () => import("./login/choose") },
];
