/** One line of the table. */
export type Row = {
  bench: string;
  measured: string;
  baseline: string;
  /** The figure that the target is about. */
  figure: string;
  target: string;
  ok: boolean;
};

const columns: readonly [keyof Row, string][] = [
  ["bench", "bench"],
  ["measured", "measured"],
  ["baseline", "baseline"],
  ["figure", "figure"],
  ["target", "target"],
];

/** The rows as a table for a terminal. */
export const tableOf = (rows: readonly Row[]): string => {
  const widths = columns.map(([key, title]) =>
    Math.max(title.length, ...rows.map((row) => String(row[key]).length)),
  );
  const line = (cells: readonly string[]): string =>
    cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join("  ");
  return [
    line(columns.map(([, title]) => title)),
    line(widths.map((width) => "-".repeat(width))),
    ...rows.map((row) => `${line(columns.map(([key]) => String(row[key])))}  ${row.ok ? "ok" : "BELOW"}`),
  ].join("\n");
};

/** A line that no target is about. */
export const note = (bench: string, measured: string, baseline = ""): Row => ({
  bench,
  measured,
  baseline,
  figure: "",
  target: "",
  ok: true,
});

export const perSecond = (value: number): string => `${Math.round(value)}/s`;
export const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
export const times = (value: number): string => `${value.toFixed(2)} x`;
