// `obmalloc demo cycles`: how the collector finds a cycle, phase by phase, on five objects.

import type { ObjectAddress } from "@obmalloc/abi";
import type { CollectionPhase, CollectionPlace } from "@obmalloc/objects";
import { tableLines } from "../../shared/table.ts";
import type { DemoContext, DemoStep } from "../demo.ts";
import { setUp } from "./setting.ts";

const TOLD: Partial<Record<CollectionPhase, string>> = {
  merge: "The younger generations join the one that is collected.",
  update_refs: "Each object's count is copied next to it. The counts themselves are not touched.",
  subtract_refs:
    "Every reference from one of the objects takes one off the copy of what it leads to. What is left above zero comes from " +
    "outside: a name, a frame, the C code.",
  move_unreachable:
    "Objects with a copy of zero are set aside, for the time being. What a reachable object refers to is brought back.",
  finalizers: "Finalizers and callbacks of what was set aside run here; it could still be resurrected.",
  clear: "Each object's tp_clear drops what it holds. That breaks the cycles, and counting does the rest.",
};

const EDGES = "AB BA BC DE ED EC".split(" ");

export function* cyclesDemo({ profile, look }: DemoContext): Generator<DemoStep> {
  const { py } = setUp(profile);
  const names = [..."ABCDE"];
  const objects = new Map(names.map((name) => [name, py.lists.new()]));
  for (const [from, to] of EDGES) py.lists.append(objects.get(from!)!, objects.get(to!)!);
  for (const name of ["A", "B", "E"]) py.decref(objects.get(name)!);
  py.decref(objects.get("D")!);
  const nameOf = new Map([...objects].map(([name, o]) => [o, name]));

  yield {
    title: "Five lists",
    text:
      "Each with its count; arrows are references. A and B refer to each other, and B to C; D and E refer to each other, and E to C. The program holds C only. Nothing leads to " +
      "the two cycles any more, and yet every count is at least one.",
    lines: [
      drawn((name) => String(py.refcount(objects.get(name)!)), look),
      "",
      ...table(py, objects, new Map(), new Map(), look),
    ],
  };

  const refs = new Map<ObjectAddress, number>();
  const places = new Map<ObjectAddress, CollectionPlace>(
    [...objects.values()].map((o) => [o, "generation 0"]),
  );
  const events = py.recordCollection(2, objects.values());
  const counts = new Map(
    [...objects.values()].map((o) => [o, EDGES.filter((edge) => objects.get(edge[1]!) === o).length]),
  );
  counts.set(objects.get("C")!, counts.get(objects.get("C")!)! + 1);
  let moves: string[] = [];
  for (const event of events) {
    if (event.kind === "refs") refs.set(event.object, event.refs);
    if (event.kind === "move") {
      places.set(event.object, event.to);
      moves.push(`${nameOf.get(event.object)} ${event.to}`);
    }
    if (event.kind !== "phase-end") continue;
    const told = TOLD[event.phase];
    if (told === undefined) continue;
    const stateOf = (name: string) => {
      const o = objects.get(name)!;
      if (places.get(o) === "freed") return undefined;
      return isCounting && refs.has(o) ? `${counts.get(o)}:${refs.get(o)}` : String(counts.get(o));
    };
    const isCounting = ["update_refs", "subtract_refs", "move_unreachable"].includes(event.phase);
    yield {
      title: event.phase,
      text: told,
      lines: [
        drawn(stateOf, look),
        "",
        ...tableLines(
          [{ heading: "" }, { heading: "count" }, { heading: "copy" }, { heading: "place" }],
          [...objects].map(([name, o]) => [
            name,
            places.get(o) === "freed" ? "" : String(counts.get(o)),
            isCounting ? String(refs.get(o) ?? "") : "",
            places.get(o)!,
          ]),
          look.colors,
        ),
        ...(moves.length === 0 ? [] : ["", `moved: ${moves.join(", ")}`]),
      ],
    };
    moves = [];
  }

  yield {
    title: "What is left",
    text: "C had two references from the trash and one from the program: the last one is what counts.",
    lines: [...objects].map(
      ([name, o]) => `${name}: ${py.isObject(o) ? `alive, count ${py.refcount(o)}` : "freed"}`,
    ),
  };
}

/** The five objects with their references; what was freed is crossed out. */
function drawn(stateOf: (name: string) => string | undefined, { unicode }: DemoContext["look"]): string {
  const [both, right, left] = unicode ? ["\u21c4", "\u2192", "\u2190"] : ["<->", "->", "<-"];
  const node = (name: string) => {
    const state = stateOf(name);
    return state === undefined ? "-" : `${name} [${state}]`;
  };
  const link = (a: string, arrow: string | undefined, b: string) =>
    stateOf(a) === undefined || stateOf(b) === undefined ? " " : ` ${arrow} `;
  return [
    node("A"),
    link("A", both, "B"),
    node("B"),
    link("B", right, "C"),
    node("C"),
    link("E", left, "C"),
    node("E"),
    link("E", both, "D"),
    node("D"),
  ].join("");
}

function table(
  py: ReturnType<typeof setUp>["py"],
  objects: ReadonlyMap<string, ObjectAddress>,
  refs: ReadonlyMap<ObjectAddress, number>,
  places: ReadonlyMap<ObjectAddress, string>,
  look: DemoContext["look"],
): string[] {
  return tableLines(
    [{ heading: "" }, { heading: "count" }, { heading: "copy" }, { heading: "place" }],
    [...objects].map(([name, o]) => [
      name,
      String(py.refcount(o)),
      String(refs.get(o) ?? ""),
      places.get(o) ?? "generation 0",
    ]),
    look.colors,
  );
}
