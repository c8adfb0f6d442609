// What differs between two short texts, line by line.

export interface DiffLine {
  readonly sign: "-" | "+" | " ";
  readonly line: string;
}

/** The lines to take out of `before` and to put in for `after`, with one equal line around each place. O(n * m). */
export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  const all = wholeDiff(before, after);
  const changed = (index: number) => all[index] !== undefined && all[index].sign !== " ";
  return all.filter((_, index) => changed(index - 1) || changed(index) || changed(index + 1));
}

function wholeDiff(before: readonly string[], after: readonly string[]): DiffLine[] {
  const common = commonLengths(before, after);
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ sign: " ", line: before[i]! });
      i++;
      j++;
    } else if (j >= after.length || (i < before.length && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      lines.push({ sign: "-", line: before[i++]! });
    } else {
      lines.push({ sign: "+", line: after[j++]! });
    }
  }
  return lines;
}

/** `[i][j]`: length of the longest common subsequence of what follows `before[i]` and `after[j]`. */
function commonLengths(before: readonly string[], after: readonly string[]): number[][] {
  const lengths = Array.from({ length: before.length + 1 }, () =>
    new Array<number>(after.length + 1).fill(0),
  );
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i]![j] =
        before[i] === after[j]
          ? lengths[i + 1]![j + 1]! + 1
          : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  return lengths;
}
