// The transformers of a field: read from the ways in which they may be written, and written in one.

export interface Step {
  name: string;
  options: Record<string, unknown>;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;

/** The steps of a field in their order, each with its own options; undefined where they are written as none should be. */
export function chainOf(field: Record<string, unknown>): Step[] | undefined {
  const { transform, options } = field;
  const parts = Array.isArray(transform) ? transform : transform === undefined || transform === null ? [] : [transform];
  const shared = isObject(options) ? options : {};
  const steps = parts.map((part): Step | undefined => {
    if (typeof part === "string") {
      const under = Object.entries(shared).find(([name]) => name.toLowerCase() === part.toLowerCase())?.[1];
      const own = parts.length === 1 ? shared : under;
      return { name: part, options: isObject(own) ? own : {} };
    }
    const [only, ...more] = isObject(part) ? Object.entries(part) : [];
    if (!only || more.length) return undefined;
    const own = only[1] ?? {};
    return isObject(own) ? { name: only[0], options: own } : undefined;
  });
  return steps.includes(undefined) ? undefined : (steps as Step[]);
}

/** What `transform` and `options` of a field have to be for these steps. */
export function chainText(steps: readonly Step[]): { transform: unknown; options: unknown } {
  const [only, ...more] = steps;
  if (!only) return { transform: undefined, options: undefined };
  const hasOptions = (step: Step) => Object.keys(step.options).length > 0;
  if (more.length === 0) return { transform: only.name, options: hasOptions(only) ? only.options : undefined };
  return {
    transform: steps.map((step) => (hasOptions(step) ? { [step.name]: step.options } : step.name)),
    options: undefined,
  };
}
