// `obmalloc demo weakrefs`: references that do not count, their callbacks, and what the collector does with them.

import type { ObjectAddress } from "@obmalloc/abi";
import type { DemoContext, DemoStep } from "../demo.ts";
import { setUp } from "./setting.ts";

export function* weakrefsDemo({ profile }: DemoContext): Generator<DemoStep> {
  const { py } = setUp(profile);
  const log: string[] = [];
  const Node = py.classes.new({ name: "Node" });
  const callback = (name: string) =>
    py.functions.new({ name, localCount: 1, body: () => void log.push(name) });
  const state = (ref: ObjectAddress) => (py.weakrefs.get(ref) === 0 ? "dead" : "alive");

  const o = py.instances.new(Node);
  const ref = py.weakrefs.new(o);
  const lines = [`ref = weakref.ref(o)   count of o: ${py.refcount(o)}, ref is ${state(ref)}`];
  py.decref(o);
  lines.push(`del o                  ref is ${state(ref)}`);
  yield {
    title: "A reference that does not count",
    text: "The object has a list of those who watch it, and clears them when it dies. Asked again, ref() is None.",
    lines,
  };

  const watched = py.instances.new(Node);
  const refs = ["first", "second", "third"].map((name) => py.weakrefs.new(watched, callback(name)));
  const plain = [py.weakrefs.new(watched), py.weakrefs.new(watched)];
  const order = py.weakrefs
    .refs(watched)
    .map((one) => (one === plain[0] ? "plain" : `with callback ${3 - refs.indexOf(one)}`));
  py.decref(watched);
  yield {
    title: "One without a callback, any number with",
    text: "Without a callback the same reference is handed out again. It stands first in the list, then those with callbacks, the latest first; that is the order of the calls.",
    lines: [
      `two plain ones are the same: ${plain[0] === plain[1]}`,
      `list of ${order.length}: ${order.map((name) => name.replace(/ \d$/, "")).join(", ")}`,
      `callbacks: ${log.join(", ")}`,
    ],
  };

  log.length = 0;
  const [trash, holder] = [py.instances.new(Node), py.lists.new()];
  py.instances.setAttribute(trash, "me", trash);
  const outside = py.weakrefs.new(trash, callback("outside"));
  const inside = py.weakrefs.new(trash, callback("inside"));
  py.lists.append(holder, outside);
  py.instances.setAttribute(trash, "watcher", inside);
  py.decref(inside);
  py.decref(trash);
  const found = py.gc.collect();
  yield {
    title: "In a cycle: only callbacks of the living are called",
    text: "Two references watch an object in a cycle; one of them is trash itself. Calling it could bring the trash back, so the collector does not.",
    lines: [`gc.collect() -> ${found}`, `called: ${log.join(", ")}`, `outside: ${state(outside)}`],
  };

  const seen: string[] = [];
  const watchers: ObjectAddress[] = [];
  const Last = py.classes.new({
    name: "Last",
    methods: {
      __del__: () => {
        seen.push(...watchers.map(state));
      },
    },
  });
  const last = py.instances.new(Last);
  py.instances.setAttribute(last, "me", last);
  watchers.push(py.weakrefs.new(last), py.weakrefs.new(last, callback("called")));
  py.decref(last);
  py.gc.collect();
  const after = profile.objects.weakrefs.cleared === "callbacks-before";
  yield {
    title: "What __del__ sees of weak references to its object",
    text: after
      ? "From 3.15 on only those with callbacks are cleared before the finalizers; the others when the object is really gone."
      : "Up to 3.14 all of them are cleared before the finalizers run. From 3.15 on __del__ still sees those without a callback.",
    lines: [`without a callback: ${seen[0]}`, `with a callback: ${seen[1]}`],
  };
}
