// One value out of a command's JSON, as a page shows it.

const UNITS = ["bytes", "KiB", "MiB", "GiB"] as const;

/** The style of the command line: one decimal, from a KiB on. */
export function bytesText(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

const FORMATS = {
  text: String,
  bytes: (value: unknown) => bytesText(Number(value)),
  count: (value: unknown) => Number(value).toLocaleString("en-US"),
  whole: (value: unknown) => Math.round(Number(value)).toLocaleString("en-US"),
} as const;

export type Format = keyof typeof FORMATS;

/** @param path such as `0.heldBytes`. @throws {Error} where there is nothing. */
export function figureIn(json: string, path: string, format: Format): string {
  let value: unknown = JSON.parse(json);
  for (const key of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[key];
  if (value === undefined) throw new Error(`There is no ${path} in ${json.slice(0, 200)}`);
  return FORMATS[format](value);
}
