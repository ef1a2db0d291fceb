import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { absolute } from "~/state/format";
import { zoneChoice, zoneName } from "~/state/zone";

interface Props {
  /** Unix seconds. */
  at: number[];
  /** Run in parallel to `at`; null is a gap, and is drawn as one. `colour` is a variable of the theme. */
  series: { name: string; colour: string; values: (number | null)[] }[];
  stacked?: boolean;
  /** Behind each number of the axis: "/s". */
  unit?: string;
}

const HEIGHT = 200;
/** Whole numbers: there is no half of a record. */
const STEPS = [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((power) => [1, 2, 5].map((part) => part * 10 ** power));

/** Draws a chart; loaded when the first one is shown. */
export default function Plot({ at, series, stacked = false, unit }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const zone = zoneName(zoneChoice.use());
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const values = stacked ? stack(series.map((one) => one.values)) : series.map((one) => one.values);
    const axis = {
      stroke: colour("--mantine-color-dimmed"),
      grid: { stroke: colour("--sl-line-soft"), width: 1 },
      ticks: { stroke: colour("--sl-line-soft"), width: 1 },
      font: "12px 'Inter Variable', sans-serif",
    };
    const lines = series.map((one) => ({
      label: one.name,
      stroke: colour(one.colour),
      width: stacked ? 0 : 1.5,
      spanGaps: false,
      points: { show: false },
      ...(stacked && {
        fill: colour(one.colour),
        paths: uPlot.paths.bars?.({ size: [0.8, 40] }) as uPlot.Series.PathBuilder,
      }),
    }));
    // What is stacked highest is drawn first, so that the lower ones stand before it.
    const order = stacked ? [...lines.keys()].reverse() : [...lines.keys()];
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { sync: { key: "dashboard" }, y: false, points: { show: !stacked } },
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
        scales: { y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.08)] } },
        axes: [
          {
            ...axis,
            space: 70,
            values: (_plot, ticks, _axis, _space, step) => ticks.map((tick) => clock(tick, step, zone)),
          },
          {
            ...axis,
            size: 56,
            incrs: STEPS,
            values: (_plot, ticks) => ticks.map((tick) => `${short(tick)}${unit ?? ""}`),
          },
        ],
        series: [{}, ...order.map((index) => lines[index] as uPlot.Series)],
      },
      [at, ...order.map((index) => values[index] ?? [])] as uPlot.AlignedData,
      element,
    );
    const watcher = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      plot.destroy();
    };
  }, [at, series, stacked, unit, zone]);
  return <div ref={place} style={{ height: HEIGHT }} aria-hidden />;
}

function stack(columns: (number | null)[][]): (number | null)[][] {
  const sums: (number | null)[][] = [];
  for (const column of columns) {
    const below = sums.at(-1);
    sums.push(column.map((value, at) => (value === null ? null : value + (below?.[at] ?? 0))));
  }
  return sums;
}

/** `14:30`, or the date where days are what differs. */
function clock(seconds: number, step: number, zone: string): string {
  const text = absolute(seconds * 1000, zone);
  return step >= 86_400 || text.slice(11, 16) === "00:00" ? text.slice(5, 10) : text.slice(11, 16);
}

function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1e3 ? `${value / 1e3}k` : String(value);
}
