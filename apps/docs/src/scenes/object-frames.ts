// Frames of objects: named ones, with their counts and their references, read from the memory of a real runtime.

import type { ObjectAddress } from "@obmalloc/abi";
import type { CollectionPhase, Objects } from "@obmalloc/objects";
import type { Frame, GraphNode } from "./scene.ts";

interface Placed {
  readonly address: ObjectAddress;
  readonly column: number;
  readonly row: number;
}

/** Phases in which an object that is marked "collecting" is being examined; later it is trash. */
const EXAMINING: ReadonlySet<CollectionPhase> = new Set(["merge", "update_refs", "subtract_refs"]);

/** Objects with the names that the text gives them, and the names of a program that refer to them. */
export class NamedObjects {
  readonly py: Objects;
  private readonly objects = new Map<string, Placed>();
  private readonly variables = new Map<string, { target: string; column: number; row: number }>();
  private readonly gone = new Set<string>();

  constructor(py: Objects) {
    this.py = py;
  }

  add(name: string, address: ObjectAddress, column: number, row: number): ObjectAddress {
    this.objects.set(name, { address, column, row });
    return address;
  }

  at(name: string): ObjectAddress {
    return this.objects.get(name)!.address;
  }

  /** A name of the program begins to refer to an object; the reference is the caller's to give. */
  bind(variable: string, target: string, column: number, row: number): void {
    this.variables.set(variable, { target, column, row });
  }

  /** `del variable`. */
  unbind(variable: string): void {
    const { target } = this.variables.get(variable)!;
    this.variables.delete(variable);
    this.py.decref(this.at(target));
  }

  /** @param phases of the collection that is going on, in order. */
  frame(call: string, text: string, phase?: CollectionPhase, phases: readonly CollectionPhase[] = []): Frame {
    const graph = [
      ...this.names(),
      ...[...this.objects].map(([name, placed]) => this.node(name, placed, phase)),
    ];
    if (phase === undefined) return { call, text, graph };
    return { call, text, graph, phases: { names: phases, at: phases.indexOf(phase) } };
  }

  private names(): GraphNode[] {
    return [...this.variables].map(([label, { target, column, row }]) => ({
      id: `name ${label}`,
      label,
      column,
      row,
      state: "root",
      refersTo: [target],
    }));
  }

  private node(
    label: string,
    { address, column, row }: Placed,
    phase: CollectionPhase | undefined,
  ): GraphNode {
    const place = { id: label, label, column, row };
    if (this.gone.has(label) || !this.py.isObject(address)) {
      this.gone.add(label);
      return { ...place, state: "dead", count: 0, refersTo: [] };
    }
    const referents = new Set<number>(this.py.gc.getReferents(address));
    const refersTo = [...this.objects].filter(([, to]) => referents.has(to.address)).map(([id]) => id);
    return { ...place, ...this.collectorsView(address, phase), count: this.py.refcount(address), refersTo };
  }

  private collectorsView(
    o: ObjectAddress,
    phase: CollectionPhase | undefined,
  ): Pick<GraphNode, "state" | "gcRefs"> {
    if (phase === undefined || !this.py.gc.isTracked(o)) return { state: "alive" };
    const { heads } = this.py.core;
    const isCollecting = heads.isCollecting(heads.of(o));
    if (EXAMINING.has(phase)) {
      return isCollecting ? { state: "examined", gcRefs: this.py.gc.region.refsOf(o) } : { state: "alive" };
    }
    if (!isCollecting) return { state: "reachable" };
    return { state: this.py.gc.isFinalized(o) ? "finalized" : "unreachable" };
  }
}
