import type { Schema } from "~/api/client";
import { links } from "./links";

/** What a tenant has on the way to its first run. */
export interface Found {
  profiles: number;
  mappings: number;
  /** The first one. */
  instance: Schema<"InstanceView"> | undefined;
  /** Some record of a source was tried without writing. */
  tried: boolean;
}

export interface Step {
  name: string;
  done: boolean;
  /** What is to be done, and on the button that leads there. */
  says: string;
  does: string;
  to: string;
}

const PAGES = [
  "/trigger",
  "/instances",
  "/connection-profiles",
  "/mappings",
  "/new/instance",
  "/new/connection-profile",
  "/new/mapping",
];

/** Whether the way is shown on a page: the dashboard, and those that it leads over. */
export function isOnTheWay(path: string): boolean {
  return path === "/" || PAGES.some((page) => path === page || path.startsWith(`${page}/`));
}

/** The steps, ticked off by what there is: nothing of them is stored. */
export function stepsOf({ profiles, mappings, instance, tried }: Found): Step[] {
  const entity = instance?.entityTypes[0]?.entityType ?? "";
  const trigger = links.trigger({ instance: instance?.name ?? "", entity });
  return [
    {
      name: "Connection profiles",
      done: profiles > 1 || instance !== undefined,
      says: profiles === 0 ? "Say how the source is reached." : "Now the target.",
      does: profiles === 0 ? "Connect a source" : "Connect a target",
      to: links.newProfile(),
    },
    {
      name: "Mapping",
      done: mappings > 0,
      says: "Say what is read, and what it becomes: choose both systems, and take the fields that are proposed.",
      does: "Map fields",
      to: links.newMapping(),
    },
    {
      name: "Instance",
      done: entity !== "",
      says: instance ? `Give ${instance.name} a mapping.` : "Join source, target and mapping.",
      does: instance ? "Choose a mapping" : "Join them",
      to: instance ? links.instance(instance.name) : links.newInstance(),
    },
    {
      name: "Dry run",
      done: tried && entity !== "",
      says: "See what a few records become. Nothing is written.",
      does: "Try it",
      to: trigger,
    },
    { name: "First run", done: false, says: "Trigger the sync, and watch it.", does: "Run it", to: trigger },
  ];
}
