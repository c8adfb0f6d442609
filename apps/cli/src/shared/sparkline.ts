// A row of columns, each as high as a value.

const LEVELS = "▁▂▃▄▅▆▇█";

/** At most `width` columns from 0 to the largest value; several values in one column show their largest. */
export function sparkline(values: readonly number[], width: number): string {
  const columns = Math.min(width, values.length);
  const top = Math.max(1, ...values);
  let line = "";
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.floor(((column + 1) * values.length) / columns);
    const value = Math.max(...values.slice(from, to));
    line += LEVELS[Math.min(LEVELS.length - 1, Math.floor((value / top) * LEVELS.length))];
  }
  return line;
}
