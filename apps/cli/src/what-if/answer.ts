// What the command what-if found, for its text and its JSON.

import type { WhatIf } from "@obmalloc/insight";
import type { Moment, TraceReader } from "@obmalloc/trace";
import type { MallocResult } from "./real-malloc.ts";

/** One row: some settings and what comes of them. */
export interface WhatIfRow {
  readonly name: string;
  readonly isRecorded: boolean;
  readonly result: WhatIf;
}

export interface WhatIfAnswer {
  readonly trace: TraceReader;
  readonly moment: Moment;
  readonly rows: readonly WhatIfRow[];
  readonly malloc: MallocResult | undefined;
}
