import { Switch, Table, useComputedColorScheme } from "@mantine/core";
import { type ComponentProps, useId, useState } from "react";
import { deferred } from "~/components/deferred";
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
      {note && <p>{note}</p>}
      <ul aria-label="Legend">
        {plot.series.map((one) => (
          <li key={one.name}>
            <i style={{ background: `var(${one.colour})` }} aria-hidden />
            {one.name}
          </li>
        ))}
      </ul>
      {nothing ? (
        <p className={classes.empty}>{empty}</p>
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
      <Table stickyHeader>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Time ({zone})</Table.Th>
            {series.map((one) => (
              <Table.Th key={one.name}>{one.name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {at.map((seconds, row) => (
            <Table.Tr key={seconds}>
              <Table.Td>{absolute(seconds * 1000, zone)}</Table.Td>
              {series.map((one) => (
                <Table.Td key={one.name}>{count(one.values[row])}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
