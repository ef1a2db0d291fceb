import { Switch, useComputedColorScheme } from "@mantine/core";
import { type ComponentProps, useId, useState } from "react";
import { deferred } from "~/components/deferred";
import { PlainTable } from "~/components/PlainTable";
import { absolute, count } from "~/state/format";
import { zoneChoice, zoneName } from "~/state/zone";
import classes from "./chart.module.css";

const Plot = deferred(() => import("./Plot"), 200);
type PlotProps = ComponentProps<typeof Plot>;

interface Props extends PlotProps {
  title: string;
  /** What the numbers are, in a few words. */
  note?: string;
  /** Shown instead of nothing. */
  empty: string;
}

/** A chart with its legend; whoever cannot see it, or wants the numbers, shows them as a table. */
export function Chart({ title, note, empty, ...plot }: Props) {
  const [asTable, setAsTable] = useState(false);
  const id = useId();
  const scheme = useComputedColorScheme();
  const nothing = !plot.series.some((one) => one.values.some((value) => value !== null));
  return (
    <section className={`panel ${classes.chart}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        <Switch
          size="xs"
          label="View as table"
          checked={asTable}
          onChange={(event) => setAsTable(event.currentTarget.checked)}
        />
      </header>
      {note && <p className="dim">{note}</p>}
      <ul aria-label="Legend">
        {plot.series.map((one) => (
          <li key={one.name}>
            <i style={{ background: `var(${one.colour})` }} aria-hidden />
            {one.name}
          </li>
        ))}
      </ul>
      {nothing ? (
        <p className={`dim ${classes.empty}`}>{empty}</p>
      ) : asTable ? (
        <Numbers title={title} {...plot} />
      ) : (
        <Plot key={scheme} {...plot} />
      )}
    </section>
  );
}

function Numbers({ title, at, series }: PlotProps & { title: string }) {
  const zone = zoneName(zoneChoice.use());
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section className={classes.numbers} tabIndex={0} aria-label={`${title} as a table`}>
      <PlainTable
        name={title}
        stickyHeader
        rows={at.map((seconds, row) => ({ seconds, row }))}
        rowId={({ seconds }) => seconds}
        columns={[
          { id: "time", header: `Time (${zone})`, cell: ({ seconds }) => absolute(seconds * 1000, zone) },
          ...series.map(({ name, values }) => ({
            id: name,
            header: name,
            cell: ({ row }: { row: number }) => count(values[row]),
          })),
        ]}
      />
    </section>
  );
}
