// Dominators of the object graph: which single object keeps another one alive, and how many bytes each retains.

/** A graph whose edges lie in a table; see object-graph.ts. */
export interface EdgeTable {
  readonly edgeStart: Uint32Array;
  readonly targets: Uint32Array;
  readonly sizesBytes: Float64Array;
  readonly isRoot: Uint8Array;
}

/** The parent of each node in the tree of dominators, -1 for roots and for what no root leads to; and retained bytes. */
export interface DominatorTree {
  readonly parents: Int32Array;
  readonly retained: Float64Array;
}

/**
 * Computes the tree of dominators, under one imaginary root above all roots.
 *
 * @see Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm (2001)
 */
export function dominators(graph: EdgeTable): DominatorTree {
  const count = graph.sizesBytes.length;
  const { order, position } = postOrder(graph);
  const { start, sources } = predecessors(graph);
  const top = count; // the imaginary root, last in post order
  const idom = new Int32Array(count + 1).fill(-1);
  idom[top] = top;
  const place = (node: number) => (node === top ? order.length : position[node]!);
  const meet = (a: number, b: number) => {
    let x = a;
    let y = b;
    while (x !== y) {
      while (place(x) < place(y)) x = idom[x]!;
      while (place(y) < place(x)) y = idom[y]!;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = order.length - 1; i >= 0; i--) {
      const node = order[i]!;
      let best = graph.isRoot[node] === 1 ? top : -1;
      for (let edge = start[node]!; edge < start[node + 1]!; edge++) {
        const source = sources[edge]!;
        if (idom[source] !== -1) best = best === -1 ? source : meet(best, source);
      }
      if (idom[node] === best) continue;
      idom[node] = best;
      changed = true;
    }
  }
  const retained = Float64Array.from(graph.sizesBytes);
  for (const node of order) if (idom[node] !== top) retained[idom[node]!]! += retained[node]!;
  return { parents: idom.subarray(0, count).map((parent) => (parent === top ? -1 : parent)), retained };
}

/** Nodes that the roots lead to, each behind all that were first reached through it. */
function postOrder({ edgeStart, targets, isRoot }: EdgeTable) {
  const count = isRoot.length;
  const position = new Int32Array(count).fill(-1);
  const seen = new Uint8Array(count);
  const next = edgeStart.slice();
  const order: number[] = [];
  const stack: number[] = [];
  for (let root = 0; root < count; root++) {
    if (isRoot[root] === 0 || seen[root] === 1) continue;
    seen[root] = 1;
    stack.push(root);
    while (stack.length > 0) {
      const node = stack[stack.length - 1]!;
      const edge = next[node]!;
      if (edge === edgeStart[node + 1]) {
        position[node] = order.length;
        order.push(node);
        stack.pop();
        continue;
      }
      next[node] = edge + 1;
      const target = targets[edge]!;
      if (seen[target] === 0) {
        seen[target] = 1;
        stack.push(target);
      }
    }
  }
  return { order, position };
}

/** The edges the other way round. */
function predecessors({ edgeStart, targets, isRoot }: EdgeTable) {
  const count = isRoot.length;
  const start = new Uint32Array(count + 1);
  for (const target of targets) start[target + 1]!++;
  for (let node = 0; node < count; node++) start[node + 1]! += start[node]!;
  const fill = start.slice();
  const sources = new Uint32Array(targets.length);
  for (let node = 0; node < count; node++) {
    for (let edge = edgeStart[node]!; edge < edgeStart[node + 1]!; edge++) {
      sources[fill[targets[edge]!]!++] = node;
    }
  }
  return { start, sources };
}
