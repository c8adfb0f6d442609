// Replaying a trace up to any moment. The arenas' bases are inputs; every other address has to come out.

import { ilp32, lp64, type Profile, profileFor } from "@obmalloc/abi";
import { formatDebugMallocStats } from "@obmalloc/pymalloc";
import { type TraceError, TraceQuestionError } from "../errors.ts";
import type { AddressSpace } from "../format/address-space.ts";
import { EventFeed } from "../format/event-feed.ts";
import type { EventSupply } from "../format/event-supply.ts";
import type { TraceReader } from "../format/reader.ts";
import type { Mark } from "../format/tables.ts";
import { type MachineOptions, ReplayMachine } from "./machine.ts";
import type { Mismatch } from "./mismatch.ts";

/** What a replay keeps, and who is told how far it is. */
export interface ReplayOptions<Machine extends ReplayMachine = ReplayMachine> {
  /** Keep the stack of each live block. @defaultValue true */
  readonly stacks?: boolean;
  /** Called now and then with the number of events replayed. */
  readonly onProgress?: (events: number) => void;
  /** Makes the machine, for one that sees more of each event. @defaultValue a plain {@link ReplayMachine} */
  readonly machine?: (options: MachineOptions) => Machine;
  /** Gives the trace's events. @defaultValue an {@link EventFeed}, which decodes them */
  readonly events?: (space: AddressSpace) => EventSupply;
}

/** What the process itself said of pymalloc at a marker, against what the replay says. */
export interface EvidenceCheck {
  readonly mark: Mark;
  readonly expected: string;
  readonly replayed: string;
  readonly equal: boolean;
}

/**
 * Events for each call of the decoder. Few, so that V8 soon knows the whole of its loop: compiled inside one long
 * call, the loop was thrown away at the end of every chunk and ran interpreted meanwhile, at half the speed.
 */
const STEP_EVENTS = 1 << 12;
/** Events between two calls of `onProgress`. */
const PROGRESS_EVENTS = 1 << 17;

/**
 * The recorded process at one moment, moved forward with {@link runTo}.
 *
 * Memory follows the live heap, not the length of the trace. The replay stops for good at the first
 * {@link mismatch}, and at {@link damage} of the trace.
 */
export class Replay<Machine extends ReplayMachine = ReplayMachine> {
  readonly trace: TraceReader;
  readonly profile: Profile;
  /** Whether the recorded allocator has pools to replay. */
  readonly hasPools: boolean;
  /** The state: engines, arenas, live blocks. */
  readonly machine: Machine;

  /** Events replayed so far; the next one has this number. */
  event = 0;
  mismatch: Mismatch | undefined;
  damage: TraceError | undefined;
  /** One entry for each marker passed so far that has the process's own account. */
  readonly evidence: EvidenceCheck[] = [];

  private readonly feed: EventSupply;
  private readonly onProgress: ((events: number) => void) | undefined;
  private nextMark = 0;
  private nextProgress = PROGRESS_EVENTS;

  /** @throws {TraceQuestionError} when the trace comes from a version or data model that is not known. */
  constructor(trace: TraceReader, options: ReplayOptions<Machine> = {}) {
    this.trace = trace;
    this.profile = knownProfile(trace);
    this.hasPools = trace.info.allocator === "pymalloc" || trace.info.allocator === "pymalloc_debug";
    this.onProgress = options.onProgress;
    const machineOptions = {
      tables: trace.tables,
      profile: this.profile,
      hasPools: this.hasPools,
      keepStacks: options.stacks ?? true,
      isDerived: trace.info.derivedFrom !== undefined,
    };
    this.machine = options.machine?.(machineOptions) ?? (new ReplayMachine(machineOptions) as Machine);
    this.feed = options.events?.(this.machine.arenas) ?? new EventFeed(trace, this.machine.arenas);
  }

  /** Whether nothing more can be replayed. */
  get stopped(): boolean {
    return this.mismatch !== undefined || this.damage !== undefined;
  }

  /** Whether the next events are still on their way from another thread: time for something else. */
  get isWaiting(): boolean {
    return this.feed.isReady === false;
  }

  /** What `sys._debugmallocstats()` would print of pymalloc now, in the interpreter that ran last. */
  statsText(): string {
    return formatDebugMallocStats(this.profile, this.machine.current.stats());
  }

  /** Replays up to and not including the event number `event`, or to the end. */
  runTo(event: number = Number.POSITIVE_INFINITY): this {
    while (!this.stopped) {
      const mark = this.trace.tables.marks[this.nextMark];
      if (mark !== undefined && mark.event <= this.event) {
        this.nextMark++;
        this.checkEvidence(mark);
        continue;
      }
      const until = Math.min(event, mark?.event ?? Number.POSITIVE_INFINITY);
      if (this.event >= event || !this.step(until - this.event)) break;
    }
    return this;
  }

  /** Replays up to {@link STEP_EVENTS} events; false at the end of the trace. */
  private step(events: number): boolean {
    const given = this.feed.run(this.machine, Math.min(events, STEP_EVENTS));
    this.damage = this.feed.damage;
    if (!given) return false;
    this.event += this.feed.eventsGiven;
    const wrong = this.machine.disagreement;
    if (wrong !== undefined) {
      if (wrong.atEvent) this.event--;
      this.mismatch = { event: this.event, ...wrong.what };
    }
    if (this.event >= this.nextProgress) {
      this.nextProgress = this.event + PROGRESS_EVENTS;
      this.onProgress?.(this.event);
    }
    return true;
  }

  private checkEvidence(mark: Mark): void {
    if (mark.evidence === "" || !this.hasPools) return;
    const calls = /# times object malloc called *= *([\d,]+)/.exec(mark.evidence)?.[1];
    // The debug hooks' own counter of calls (3.7) is no state of pymalloc: it is taken over.
    const stats = this.machine.current.stats(
      calls === undefined ? undefined : Number(calls.replaceAll(",", "")),
    );
    const replayed = formatDebugMallocStats(this.profile, stats);
    this.evidence.push({ mark, expected: mark.evidence, replayed, equal: replayed === mark.evidence });
  }
}

function knownProfile(trace: TraceReader): Profile {
  const { version, model } = trace.info;
  try {
    return profileFor(version, model === "lp64" ? lp64 : ilp32);
  } catch (cause) {
    throw new TraceQuestionError(
      `This trace was recorded with CPython ${version}, which cannot be replayed.`,
      { cause },
    );
  }
}
