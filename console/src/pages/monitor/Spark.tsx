interface Props {
  values: (number | null)[];
  label: string;
}

const WIDTH = 150;
const HEIGHT = 26;

/** A small line without axes; a gap stays a gap. */
export function Spark({ values, label }: Props) {
  const top = Math.max(1, ...values.map((value) => value ?? 0));
  const step = WIDTH / Math.max(1, values.length - 1);
  const path = values
    .map((value, at) => {
      if (value === null) return "";
      const begins = at === 0 || values[at - 1] === null;
      const y = HEIGHT - 2 - (value / top) * (HEIGHT - 4);
      return `${begins ? "M" : "L"}${(at * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={path} fill="none" stroke="var(--sl-busy-bar)" strokeWidth={1.5} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
