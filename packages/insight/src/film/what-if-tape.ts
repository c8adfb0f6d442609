// The events of a recording on an allocator with other settings, as a tape: for a second picture beside the recorded one.

import { type BlockAddress, sizeClassOf } from "@obmalloc/abi";
import { Stacks, type TraceReader } from "@obmalloc/trace";
import { labelledMarks } from "../answer/pictures.ts";
import { shortFrameText } from "../text/frame-text.ts";
import { type Settings, settingsName } from "../what-if/settings.ts";
import { runMachine } from "../what-if/what-if.ts";
import { WhatIfMachine } from "../what-if/what-if-machine.ts";
import { LifeLog } from "./life-log.ts";
import { type Tape, tapeGeometry } from "./tape.ts";
import { tapeStacks } from "./tape-stacks.ts";

/** Writes down where blocks come to lie under the settings. */
class WhatIfTapeMachine extends WhatIfMachine {
  readonly log: LifeLog;
  /** Bases of the arenas that the log knows. */
  private readonly known = new Set<number>();

  constructor(trace: TraceReader, settings: Settings) {
    super(trace, settings);
    this.log = new LifeLog(this.profile.pymalloc);
  }

  override reallocate(
    address: number,
    old: number,
    sizeBytes: number,
    domainBit: number,
    stack: number,
  ): boolean {
    const event = this.clock;
    const from = this.placeAt(old);
    const szidx = from === 0 ? -1 : (this.log.lives.classes[this.log.lifeOf(from)] ?? -1);
    if (!super.reallocate(address, old, sizeBytes, domainBit, stack)) return false;
    if (from === 0) return true;
    this.log.death(from, event);
    if (this.placeAt(address) === from) this.log.birth(from, sizeBytes, szidx, event, stack);
    this.noticeArenas();
    return true;
  }

  protected override obtain(sizeBytes: number, stack: number): number {
    const block = super.obtain(sizeBytes, stack);
    if (block === 0 || !this.engine.addressInRange(block as BlockAddress)) return block;
    if (this.arenas !== this.known.size) this.noticeArenas();
    this.log.birth(block, sizeBytes, sizeClassOf(this.profile, sizeBytes), this.clock, stack);
    return block;
  }

  protected override releaseAt(address: number): void {
    const place = this.placeAt(address);
    if (place !== 0) this.log.death(place, this.clock);
    super.releaseAt(address);
    if (this.arenas !== this.known.size) this.noticeArenas();
  }

  /** What came and went since the last look. */
  private noticeArenas(): void {
    if (this.arenas === this.known.size) return;
    const present = new Set(this.arenaBases());
    for (const base of this.known) {
      if (present.has(base)) continue;
      this.log.unmapArena(base, this.clock);
      this.known.delete(base);
    }
    for (const base of present) {
      if (this.known.has(base)) continue;
      this.log.mapArena(base, base, this.clock);
      this.known.add(base);
    }
  }
}

/** Which part of a recording goes onto a tape under other settings. */
export interface RecordUnderOptions {
  /** The last moment. @defaultValue the end of the recording */
  readonly to?: number;
  readonly onProgress?: (events: number) => void;
}

/**
 * Replays the recorded calls under other settings, from the first event on. Events have the numbers of the recording, so that
 * both tapes can be gone through together; addresses are those of the replay.
 */
export function recordTapeUnder(
  trace: TraceReader,
  settings: Settings,
  { to = trace.eventCount, onProgress }: RecordUnderOptions = {},
): Tape {
  const machine = new WhatIfTapeMachine(trace, settings);
  runMachine(trace, machine, to, onProgress);
  const { stacks } = tapeStacks(trace.tables, new Stacks(trace.tables), shortFrameText);
  return {
    geometry: tapeGeometry(machine.profile, settingsName(settings)),
    firstEvent: 0,
    lastEvent: machine.clock,
    ...machine.log.columns(),
    stacks,
    marks: labelledMarks(trace),
  };
}
