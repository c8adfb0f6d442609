// The live objects as a graph: who refers to whom, who keeps whom alive, and how much of the memory that is.

import type { ObjectAddress } from "@obmalloc/abi";
import { NotAnObjectError } from "../core/errors.ts";
import { dominators } from "./dominators.ts";
import type { Reference } from "./references.ts";

/** Where a graph comes from. */
export interface GraphSource {
  /** Every live object. */
  readonly objects: Iterable<number>;
  readonly references: (o: ObjectAddress) => readonly Reference[];
  readonly describe: (o: ObjectAddress) => string;
  readonly typeName: (o: ObjectAddress) => string;
  readonly sizeBytes: (o: ObjectAddress) => number;
  readonly refcount: (o: ObjectAddress) => number;
  readonly isImmortal: (o: ObjectAddress) => boolean;
}

/** An object on a path: the first one is a root, each other one is what `reference` of the one before leads to. */
export interface PathStep {
  readonly object: ObjectAddress;
  /** What the object is, in a few words. */
  readonly is: string;
  /** The name of the reference that leads here; undefined for the root. */
  readonly reference: string | undefined;
}

/** An object as the graph has it. */
export interface GraphNode {
  readonly object: ObjectAddress;
  readonly typeName: string;
  readonly is: string;
  /** `sys.getsizeof`. */
  readonly sizeBytes: number;
  /** What would be freed if nothing referred to it any more, its own size included. */
  readonly retainedBytes: number;
  /** The only way to it: the object without which nothing would keep it alive; undefined for roots and trash. */
  readonly dominator: ObjectAddress | undefined;
  /** Whether something outside of the objects holds it: more is counted than leads to it from inside. */
  readonly isRoot: boolean;
}

/**
 * A picture of all live objects at one moment. It does not follow what the program does afterwards.
 *
 * Nodes are numbered by rising address. Roots are objects that the program itself holds: their count says more than the
 * references from other objects.
 */
export class ObjectGraph {
  /** Addresses of the nodes. */
  readonly objects: readonly ObjectAddress[];
  /** Edges of node i: from `edgeStart[i]` to `edgeStart[i + 1]` in {@link targets} and {@link names}. */
  readonly edgeStart: Uint32Array;
  /** Nodes that the edges lead to. */
  readonly targets: Uint32Array;
  readonly names: readonly string[];
  readonly sizesBytes: Float64Array;
  /** 1 for roots. */
  readonly isRoot: Uint8Array;
  private readonly source: GraphSource;
  private readonly nodes: ReadonlyMap<number, number>;
  private tree: { readonly parents: Int32Array; readonly retained: Float64Array } | undefined;

  /** @param roots objects that are roots whatever their counts say; with them, only they are. */
  constructor(source: GraphSource, roots?: Iterable<ObjectAddress>) {
    this.source = source;
    this.objects = [...source.objects] as ObjectAddress[];
    this.nodes = new Map(this.objects.map((o, node) => [o, node]));
    this.edgeStart = new Uint32Array(this.objects.length + 1);
    const targets: number[] = [];
    const names: string[] = [];
    this.objects.forEach((o, node) => {
      for (const { name, to } of source.references(o)) {
        const target = this.nodes.get(to);
        if (target === undefined) continue;
        targets.push(target);
        names.push(name);
      }
      this.edgeStart[node + 1] = targets.length;
    });
    this.targets = Uint32Array.from(targets);
    this.names = names;
    this.sizesBytes = Float64Array.from(this.objects, (o) => source.sizeBytes(o));
    this.isRoot = roots === undefined ? this.findRoots() : this.markRoots(roots);
  }

  /**
   * Who keeps an object alive: the shortest path to it from a root.
   *
   * @returns an empty path when nothing does: it is trash that no collection has found yet.
   * @throws {NotAnObjectError} when it was no live object when the graph was made.
   */
  path(o: ObjectAddress): PathStep[] {
    const target = this.nodeOf(o);
    const from = new Int32Array(this.objects.length).fill(-1);
    const through = new Int32Array(this.objects.length).fill(-1);
    const queue: number[] = [];
    for (let node = 0; node < from.length; node++) {
      if (this.isRoot[node] === 0) continue;
      from[node] = node;
      queue.push(node);
    }
    for (let i = 0; i < queue.length && from[target] === -1; i++) {
      const node = queue[i]!;
      for (let edge = this.edgeStart[node]!; edge < this.edgeStart[node + 1]!; edge++) {
        const next = this.targets[edge]!;
        if (from[next] !== -1) continue;
        from[next] = node;
        through[next] = edge;
        queue.push(next);
      }
    }
    return from[target] === -1 ? [] : this.stepsTo(target, from, through);
  }

  /** An object with its retained size. */
  node(o: ObjectAddress): GraphNode {
    return this.at(this.nodeOf(o));
  }

  /** The objects that retain most, largest first. */
  largest(count: number): GraphNode[] {
    const { retained } = this.dominatorTree();
    const nodes = Array.from(this.objects.keys()).sort((a, b) => retained[b]! - retained[a]!);
    return nodes.slice(0, count).map((node) => this.at(node));
  }

  /** The objects that refer to `o`, each once per reference. */
  referrers(o: ObjectAddress): { readonly object: ObjectAddress; readonly reference: string }[] {
    const target = this.nodeOf(o);
    return this.objects.flatMap((object, node) => {
      const found: { object: ObjectAddress; reference: string }[] = [];
      for (let edge = this.edgeStart[node]!; edge < this.edgeStart[node + 1]!; edge++) {
        if (this.targets[edge] === target) found.push({ object, reference: this.names[edge]! });
      }
      return found;
    });
  }

  /** The number of a node. */
  nodeOf(o: ObjectAddress): number {
    const node = this.nodes.get(o);
    if (node === undefined) throw new NotAnObjectError("graph", o);
    return node;
  }

  /** The node with that number. */
  at(node: number): GraphNode {
    const object = this.objects[node]!;
    const { parents, retained } = this.dominatorTree();
    return Object.freeze({
      object,
      typeName: this.source.typeName(object),
      is: this.source.describe(object),
      sizeBytes: this.sizesBytes[node]!,
      retainedBytes: retained[node]!,
      dominator: parents[node]! < 0 ? undefined : this.objects[parents[node]!],
      isRoot: this.isRoot[node] === 1,
    });
  }

  private dominatorTree() {
    this.tree ??= dominators(this);
    return this.tree;
  }

  private stepsTo(target: number, from: Int32Array, through: Int32Array): PathStep[] {
    const steps: PathStep[] = [];
    for (let node = target; ; node = from[node]!) {
      const object = this.objects[node]!;
      const reference = through[node]! < 0 ? undefined : this.names[through[node]!];
      steps.unshift({ object, is: this.source.describe(object), reference });
      if (from[node] === node) return steps;
    }
  }

  private findRoots(): Uint8Array {
    const inside = new Uint32Array(this.objects.length);
    for (const target of this.targets) inside[target]!++;
    return Uint8Array.from(this.objects, (o, node) =>
      this.source.isImmortal(o) || this.source.refcount(o) > inside[node]! ? 1 : 0,
    );
  }

  private markRoots(roots: Iterable<ObjectAddress>): Uint8Array {
    const marks = new Uint8Array(this.objects.length);
    for (const root of roots) marks[this.nodeOf(root)] = 1;
    return marks;
  }
}
