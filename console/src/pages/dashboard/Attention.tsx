import { IconAlertTriangle } from "@tabler/icons-react";
import type { Schema } from "~/api/client";
import { links } from "~/app/links";
import { PageLink, Time } from "~/components/values";
import classes from "./dashboard.module.css";

type Item = Schema<"Attention">;

/** What a person should look at first, each with the page that shows it. */
export function Attention({ items }: { items: Item[] }) {
  return (
    <section className={`panel ${classes.attention}`} aria-label="Needs attention">
      <h2>Needs attention</h2>
      {items.length ? (
        <ul>
          {items.map((item) => (
            <li key={`${item.kind} ${item.subject}`}>
              <IconAlertTriangle size={17} aria-hidden />
              <PageLink to={placeOf(item)}>{item.subject}</PageLink>
              <span>
                {item.text}
                {item.succeededAt && (
                  <>
                    ; last succeeded <Time at={item.succeededAt} as="absolute" />
                  </>
                )}
              </span>
              <span>{item.at && <Time at={item.at} />}</span>
            </li>
          ))}
        </ul>
      ) : (
        <p className="dim">Nothing: services keep up, and no stream's last run failed.</p>
      )}
    </section>
  );
}

function placeOf(item: Item): string {
  if (item.correlationId) return links.run(item.correlationId);
  return item.kind === "schedule" ? links.schedules({ q: item.subject }) : links.monitor();
}
