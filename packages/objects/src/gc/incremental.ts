// The incremental collector of 3.14.0 to 3.14.4: young objects, and two old spaces through which it goes in steps.

import type { ObjectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import {
  type CollectionStep,
  RegionCollector,
  type RegionResult,
  type Survivors,
  type Watch,
} from "./collector.ts";
import { GcDebug } from "./gc-report.ts";
import { type CollectionReason, type Collector, type CollectorParts, runCollection } from "./generational.ts";
import type { SpacedHeads } from "./spaced-heads.ts";

/** A step looks at one in so many old objects, times the second threshold (`SCAN_RATE_DIVISOR`). */
const SCAN_RATE_DIVISOR = 10;
/** `gc_phase`: roots are to be marked first, or increments are collected. */
const Phase = { MARK: 0, COLLECT: 1 } as const;

/** Young objects come first in the state, the two old spaces behind them. */
const YOUNG = 0;
const FIRST_OLD = 1;

/**
 * The incremental collector: `collect(0)` looks at the young objects, `collect(1)` at them and a part of the old ones,
 * `collect(2)` at all; what runs by itself is the second.
 *
 * @see CPython 3.14.0 Python/gc.c, gc_collect_young, gc_collect_increment, gc_collect_full
 */
export class IncrementalCollector implements Collector {
  readonly region: RegionCollector;
  private readonly core: Core;
  private readonly heads: SpacedHeads;
  private readonly parts: CollectorParts;
  private readonly increment: number;
  private readonly survivors: number;
  private readonly marked: number;
  /** Whose references the marking starts from. */
  private readonly roots: () => Iterable<ObjectAddress>;

  constructor(core: Core, parts: CollectorParts, roots: () => Iterable<ObjectAddress>) {
    this.core = core;
    this.heads = core.heads as SpacedHeads;
    this.parts = parts;
    this.roots = roots;
    this.region = new RegionCollector(core, parts);
    this.increment = core.newListHead();
    this.survivors = core.newListHead();
    this.marked = core.newListHead();
    const tracked = core.state.lists.reduce((sum, list) => sum + this.heads.size(list), 0);
    core.state.setSigned("heap_size", tracked, true);
    this.heads.state = this.makeState();
  }

  select(): number {
    return 1;
  }

  sizes(): number[] {
    const [young, first, second] = this.core.state.lists.map((list) => this.heads.size(list));
    return [young!, 0, first! + second!];
  }

  counts(): number[] {
    const counts = this.core.state.counts();
    return [counts[YOUNG]!, counts[FIRST_OLD + this.visitedSpace]!, 0];
  }

  thresholds(): number[] {
    const [young, old] = this.core.state.thresholds();
    return [young!, old!, 0];
  }

  listsOf(generation: number): readonly number[] {
    const { lists } = this.core.state;
    return generation === 0 ? [lists[YOUNG]!] : generation === 1 ? [] : lists.slice(FIRST_OLD);
  }

  freeze(): void {
    const { state } = this.core;
    state.lists.forEach((list, i) => {
      this.heads.setSpaces(list, this.visitedSpace);
      this.heads.merge(list, state.permanent);
      state.setCount(i, 0);
    });
  }

  unfreeze(): void {
    this.heads.merge(this.core.state.permanent, this.visited);
  }

  steps(generation: number, reason: CollectionReason, watch: Watch): Generator<CollectionStep, number> {
    return runCollection(this.core, this.parts, { generation, reason, sizes: () => this.sizes() }, () =>
      this.collect(generation, watch),
    );
  }

  private collect(generation: number, watch: Watch): Generator<CollectionStep, RegionResult | undefined> {
    if (generation === 0) return this.collectYoung(watch);
    return generation === 1 ? this.collectIncrement(watch) : this.collectAll(watch);
  }

  private *collectYoung(watch: Watch): Generator<CollectionStep, RegionResult> {
    const { state } = this.core;
    const young = state.lists[YOUNG]!;
    yield { phase: "merge", kind: "begin" };
    this.untrackTuples(young);
    this.heads.setSpaces(young, this.visitedSpace);
    yield { phase: "merge", kind: "end" };
    const result = yield* this.collectRegion(young, this.emptySurvivors(), watch);
    this.heads.merge(this.survivors, this.visited);
    state.setCount(YOUNG, 0);
    const visited = FIRST_OLD + this.visitedSpace;
    state.setCount(visited, state.counts()[visited]! + 1);
    return result;
  }

  /** Nothing when there was no work to do. */
  private *collectIncrement(watch: Watch): Generator<CollectionStep, RegionResult | undefined> {
    this.workToDo += this.assessWork();
    if (this.workToDo < 0) return undefined;
    const young = this.core.state.lists[YOUNG]!;
    this.untrackTuples(young);
    if (this.core.state.signed("phase") === Phase.MARK) {
      yield { phase: "mark_roots", kind: "begin" };
      this.workToDo -= 2 * this.markRoots(); // C takes it off twice, in mark_at_start and in its caller
      this.core.state.setSigned("phase", Phase.COLLECT, false);
      yield { phase: "mark_roots", kind: "end" };
      return undefined;
    }
    yield { phase: "merge", kind: "begin" };
    this.workToDo -= this.markRoots(); // what has come to the stack since
    const size = this.fillIncrement(young);
    yield { phase: "merge", kind: "end" };
    const result = yield* this.collectRegion(this.increment, this.emptySurvivors(), watch);
    this.heads.merge(this.survivors, this.visited);
    this.workToDo -= size;
    if (this.heads.isEmpty(this.notVisited)) this.completeCycle();
    return result;
  }

  private *collectAll(watch: Watch): Generator<CollectionStep, RegionResult> {
    const { state } = this.core;
    const { notVisited, visited } = this;
    yield { phase: "merge", kind: "begin" };
    this.untrackTuples(state.lists[YOUNG]!);
    this.heads.merge(state.lists[YOUNG]!, notVisited);
    this.heads.setSpaces(notVisited, this.visitedSpace);
    this.heads.merge(notVisited, visited);
    state.setCount(YOUNG, 0);
    yield { phase: "merge", kind: "end" };
    const result = yield* this.collectRegion(visited, visited, watch);
    for (const i of state.lists.keys()) state.setCount(i, 0);
    this.completeCycle();
    yield { phase: "free_lists", kind: "begin" };
    this.parts.clearFreeLists();
    yield { phase: "free_lists", kind: "end" };
    return result;
  }

  private collectRegion(from: number, to: number, watch: Watch): Generator<CollectionStep, RegionResult> {
    const { report } = this.parts;
    const shows = (flag: number) => (this.core.state.debug & flag) !== 0;
    return this.region.run(from, to, {
      watch,
      saves: shows(GcDebug.SAVEALL),
      moveSurvivors: ({ tuples }: Survivors) => {
        this.parts.phases.untrackTuples(tuples);
        if (from !== to) this.heads.merge(from, to);
      },
      ...(shows(GcDebug.COLLECTABLE) && { onTrash: (o: ObjectAddress) => report.object("collectable", o) }),
      ...(shows(GcDebug.UNCOLLECTABLE) && {
        onUncollectable: (o: ObjectAddress) => report.object("uncollectable", o),
      }),
    });
  }

  /** New objects, and a share of the heap (`assess_work_to_do`). */
  private assessWork(): number {
    const { state } = this.core;
    const scale = Math.max(state.thresholds()[FIRST_OLD]!, 2);
    const newObjects = state.counts()[YOUNG]!;
    const share = Math.trunc(Math.trunc(state.signed("heap_size") / SCAN_RATE_DIVISOR) / scale);
    state.setCount(YOUNG, 0);
    return newObjects + Math.min(share, newObjects * 2);
  }

  /** Takes the young objects and as many old ones, with all that they lead to, as there is work to do. */
  private fillIncrement(young: number): number {
    const { heads, increment, notVisited } = this;
    heads.initList(increment);
    heads.setSpaces(young, this.visitedSpace);
    heads.merge(young, increment);
    let size = heads.size(increment);
    while (size < this.workToDo && !heads.isEmpty(notVisited)) {
      const head = heads.next(notVisited);
      heads.move(head, increment);
      heads.setSpace(head, this.visitedSpace);
      size += 1 + this.addReachable(head, increment);
    }
    return size;
  }

  /** Moves to the end of `list` what can be reached from `first` on and was not visited; returns how many. */
  private addReachable(first: number, list: number): number {
    const { heads } = this;
    let moved = 0;
    let head = first;
    while (head !== list) {
      const o = heads.object(head);
      const next = heads.next(head);
      if (this.core.counts.isImmortal(o)) {
        heads.untrack(o);
        head = next;
        continue;
      }
      moved += this.moveReferents(o, list);
      head = heads.next(head);
    }
    return moved;
  }

  /** Moves to the end of `list` what an object refers to and was not visited; returns how many. */
  private moveReferents(o: number, list: number): number {
    const { traversal } = this.core;
    const count = traversal.gather(o, 0);
    let moved = 0;
    for (let i = 0; i < count; i++) moved += this.moveOne(traversal.found[i]!, list);
    return moved;
  }

  private moveOne(o: number, list: number): number {
    const { counts, ground } = this.core;
    const { heads, visitedSpace } = this;
    if (!ground.index.isCollected(o) || !heads.isTracked(o) || counts.isImmortal(o)) return 0;
    const head = heads.of(o);
    if (heads.space(head) === visitedSpace) return 0;
    heads.setSpace(head, visitedSpace);
    heads.move(head, list);
    return 1;
  }

  /** Puts what can be reached from the roots among the visited objects (`mark_stacks`, `mark_global_roots`). */
  private markRoots(): number {
    const { heads, marked, visited } = this;
    heads.initList(marked);
    let count = 0;
    for (const root of this.roots()) count += this.moveOne(root, marked);
    while (!heads.isEmpty(marked)) {
      const head = heads.next(marked);
      heads.move(head, visited);
      count += this.moveReferents(heads.object(head), marked);
    }
    return count;
  }

  /** Turns the spaces around for the next cycle (`completed_scavenge`). */
  private completeCycle(): void {
    const { state } = this.core;
    const { heads, visitedSpace } = this;
    if (heads.isEmpty(state.permanent)) {
      state.setSigned("visited_space", 1 ^ visitedSpace, false);
      heads.setSpaces(state.lists[YOUNG]!, visitedSpace);
    } else {
      heads.merge(this.visited, this.notVisited);
      heads.setSpaces(this.notVisited, 1 ^ visitedSpace);
    }
    this.workToDo = 0;
    state.setSigned("phase", Phase.MARK, false);
  }

  private untrackTuples(list: number): void {
    const { types } = this.core;
    const objects = Array.from(this.heads.heads(list), (head) => this.heads.object(head));
    this.parts.phases.untrackTuples(objects.filter((o) => types.of(o) === types.builtin.tuple));
  }

  private emptySurvivors(): number {
    this.heads.initList(this.survivors);
    return this.survivors;
  }

  private get visitedSpace(): number {
    return this.core.state.signed("visited_space");
  }

  private get visited(): number {
    return this.core.state.lists[FIRST_OLD + this.visitedSpace]!;
  }

  private get notVisited(): number {
    return this.core.state.lists[FIRST_OLD + (1 ^ this.visitedSpace)]!;
  }

  private get workToDo(): number {
    return this.core.state.signed("work_to_do");
  }
  private set workToDo(objects: number) {
    this.core.state.setSigned("work_to_do", objects, true);
  }

  /** Counts what is tracked, and asks for a collection when there is more than the threshold. */
  private makeState() {
    const { state, allocation } = this.core;
    const add = (more: number) => {
      state.setSigned("heap_size", state.signed("heap_size") + more, true);
      const count = state.counts()[YOUNG]!;
      if (more > 0 || count > 0) state.setCount(YOUNG, count + more);
      return count + more;
    };
    return {
      get visitedSpace() {
        return state.signed("visited_space");
      },
      tracked: () => {
        if (add(1) > state.thresholds()[YOUNG]!) allocation.onThreshold();
      },
      untracked: () => {
        add(-1);
      },
    };
  }
}
