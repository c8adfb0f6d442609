// A second replay under other settings, up to a moment.

import { ilp32, lp64, profileFor } from "@obmalloc/abi";
import {
  canPack,
  EventFeed,
  feedAll,
  type Moment,
  TraceQuestionError,
  type TraceReader,
} from "@obmalloc/trace";
import type { Settings } from "./settings.ts";
import { WhatIfMachine } from "./what-if-machine.ts";

/** What would be held under some settings. Bytes. */
export interface WhatIf {
  readonly arenas: number;
  /** The arenas' bytes, less what the settings give back of them. */
  readonly heldBytes: number;
  /** Of these, bytes of pools without a block in use. */
  readonly freePoolBytes: number;
  readonly peakArenas: number;
  readonly peakBytes: number;
  /** Requests for which the replay's 4 GiB had no room: with any, the figures are too low. */
  readonly refused: number;
}

/** Events for each call of the decoder: few, so that V8 compiles its loop early. */
const STEP_EVENTS = 1 << 12;
const PROGRESS_EVENTS = 1 << 17;

/** Feeds all events before `event` to a machine. */
export function runMachine(
  trace: TraceReader,
  machine: WhatIfMachine,
  event: number,
  onProgress?: (events: number) => void,
): void {
  const feed = new EventFeed(trace, machine.space);
  let done = 0;
  for (let next = PROGRESS_EVENTS; done < event && feed.run(machine, Math.min(STEP_EVENTS, event - done)); ) {
    done += feed.eventsGiven;
    if (done < next) continue;
    next += PROGRESS_EVENTS;
    onProgress?.(done);
  }
  if (done < event) throw feed.damage ?? new TraceQuestionError(`The recording ends before event ${event}.`);
  machine.finish();
}

/** Machines that are fed together may take so much memory. */
const TOGETHER_BYTES = 2 ** 30;
/** A replay takes the memory of its arenas, a table of a quarter of that, and some more. */
const BYTES_PER_ARENA_BYTE = 1.3;

/** As {@link runMachine}, for several: events are decoded once for as many machines as there is room for. */
export function runMachines<Result>(
  trace: TraceReader,
  makes: readonly (() => WhatIfMachine)[],
  event: number,
  resultOf: (machine: WhatIfMachine, index: number) => Result,
  onProgress?: (events: number) => void,
): Result[] {
  const results: Result[] = [];
  while (results.length < makes.length) {
    const machines = [makes[results.length]!()];
    const bytes = machines[0]!.space.end * BYTES_PER_ARENA_BYTE;
    const isPacked = canPack(trace.tables.nodeCode.length);
    const together = isPacked ? Math.max(1, Math.floor(TOGETHER_BYTES / bytes)) : 1;
    for (const make of makes.slice(results.length + 1, results.length + together)) machines.push(make());
    if (machines.length === 1) runMachine(trace, machines[0]!, event, onProgress);
    else {
      const damage = feedAll(trace, machines, event, onProgress);
      if (damage !== undefined) throw damage;
      for (const machine of machines) machine.finish();
    }
    results.push(...machines.map((machine, index) => resultOf(machine, results.length + index)));
  }
  return results;
}

/** What the machine holds now. */
function measure(machine: WhatIfMachine, { variations }: Settings): WhatIf {
  const { arenaBytes } = machine.profile.pymalloc;
  const freePoolBytes = machine.unusedPoolBytes;
  const returned = variations?.returnFreePools === true ? freePoolBytes : 0;
  return {
    arenas: machine.arenas,
    heldBytes: machine.arenas * arenaBytes - returned,
    freePoolBytes: freePoolBytes - returned,
    peakArenas: machine.arenasHighwater,
    peakBytes: machine.arenasHighwater * arenaBytes,
    refused: machine.refused,
  };
}

/**
 * Replays `trace` up to `moment` under other settings. Requests keep their recorded sizes: another version also makes
 * objects of other sizes, which no recording of this one can know.
 *
 * @throws {GeometryError} VariationError for settings that cannot be.
 */
export function whatIf(
  trace: TraceReader,
  moment: Moment,
  settings: Settings,
  onProgress?: (events: number) => void,
): WhatIf {
  const machine = new WhatIfMachine(trace, settings);
  runMachine(trace, machine, moment.event, onProgress);
  return measure(machine, settings);
}

/** {@link whatIf} under each of several settings, in less time than one after the other. */
export function whatIfAll(
  trace: TraceReader,
  moment: Moment,
  settings: readonly Settings[],
  onProgress?: (events: number) => void,
): WhatIf[] {
  const makes = settings.map((one) => () => new WhatIfMachine(trace, one));
  return runMachines(
    trace,
    makes,
    moment.event,
    (machine, index) => measure(machine, settings[index]!),
    onProgress,
  );
}

/** The settings that a trace was recorded under. */
export function recordedSettings({ info }: TraceReader): Settings {
  return { profile: profileFor(info.version, info.model === "lp64" ? lp64 : ilp32) };
}
