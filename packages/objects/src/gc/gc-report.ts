// The text that the collector writes to stderr under its debug flags.

import { formatAddress, type ObjectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";

/** `gc.DEBUG_...` flags. */
export const GcDebug = {
  /** A line before and after each collection. */
  STATS: 1,
  /** A line for each object that is found to be trash. */
  COLLECTABLE: 2,
  /** A line for each object that cannot be collected. */
  UNCOLLECTABLE: 4,
  /** Everything goes into `gc.garbage` instead of being freed. */
  SAVEALL: 32,
  /** COLLECTABLE, UNCOLLECTABLE and SAVEALL. */
  LEAK: 38,
} as const;

/** Writes the collector's debug output. */
export class GcReport {
  private readonly core: Core;
  private readonly write: (text: string) => void;

  constructor(core: Core, write: (text: string) => void) {
    this.core = core;
    this.write = write;
  }

  collecting(generation: number, sizes: readonly number[], permanent: number): void {
    this.write(`gc: collecting generation ${generation}...\n`);
    this.write(
      `gc: objects in each generation:${sizes.map((size) => ` ${size}`).join("")}\n` +
        `gc: objects in permanent generation: ${permanent}\n`,
    );
  }

  done(unreachable: number, uncollectable: number, seconds: number): void {
    const { shortReport } = this.core.ground.profile.objects.gc;
    const found =
      shortReport && unreachable === 0 ? "" : `, ${unreachable} unreachable, ${uncollectable} uncollectable`;
    this.write(`gc: done${found}, ${seconds.toFixed(4)}s elapsed\n`);
  }

  object(kind: "collectable" | "uncollectable", o: ObjectAddress): void {
    const { types } = this.core;
    this.write(`gc: ${kind} <${types.nameOf(types.of(o))} ${formatAddress(o)}>\n`);
  }
}
