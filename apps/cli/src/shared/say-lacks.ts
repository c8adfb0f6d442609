// What a recording lacks for the question at hand, said on stderr beside the answer.

import { type Lack, lacksOf } from "@obmalloc/insight";
import type { Moment, TraceReader } from "@obmalloc/trace";

/** Says which of these things the recording does not have, and what cannot be told without. Its ending is said when it is opened. */
export function sayLacks(file: string, trace: TraceReader, moment: Moment, of: readonly Lack["of"][]): void {
  for (const lack of lacksOf(trace, moment))
    if (of.includes(lack.of)) console.error(`obmalloc: ${file}: ${lack.text}`);
}
