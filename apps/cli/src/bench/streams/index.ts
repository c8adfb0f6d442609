// All kinds of streams. Another one is one more file here, and a line in this list.

import { fragmentation, fragmentationOfOneSize } from "./fragmentation.ts";
import type { StreamKind } from "./kind.ts";
import { mixed } from "./mixed.ts";
import { pairAmongLive, pairOnEmpty } from "./pair.ts";
import { small } from "./small.ts";

export const streamKinds: readonly StreamKind[] = [
  small,
  pairOnEmpty,
  pairAmongLive,
  mixed,
  fragmentation,
  fragmentationOfOneSize,
];
