// Medians and quartiles.

/** The value below which a share of `values` lies, between neighbours in proportion. @param values not empty. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  return below + (above - below) * (position % 1);
}

/** A median, and between which values half of the rounds lie. */
export interface Spread {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
}

const LOWER_QUARTILE = 0.25;
const UPPER_QUARTILE = 0.75;

export function spreadOf(values: readonly number[]): Spread {
  return {
    median: quantile(values, 0.5),
    lower: quantile(values, LOWER_QUARTILE),
    upper: quantile(values, UPPER_QUARTILE),
  };
}
