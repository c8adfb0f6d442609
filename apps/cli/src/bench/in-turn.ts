// The order of a round.

/** Each round begins with another one, and every second round goes the other way: no place in the order is for ever. */
export function inTurn<T>(values: readonly T[], round: number): T[] {
  const start = round % values.length;
  const turned = [...values.slice(start), ...values.slice(0, start)];
  return round % 2 === 1 ? turned.reverse() : turned;
}
