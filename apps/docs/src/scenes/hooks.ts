// Which calls reach which domain: counters around all three, over a real pymalloc.

import { profileFor } from "@obmalloc/abi";
import { countingAllocator, createDomains, type DomainName, domainNames } from "@obmalloc/domains";
import { heapFrame } from "./pymalloc-frames.ts";
import { type Frame, hex, type Scene } from "./scene.ts";

function* calls(): Generator<Frame> {
  const memory = createDomains({ profile: profileFor("3.13"), maxBytes: 64 << 20 });
  memory.obj.free(memory.obj.malloc(500)); // the first arena is there
  const counters = domainNames.map((name) => {
    const counter = countingAllocator(memory.getAllocator(name));
    memory.setAllocator(name, counter);
    return { name, counts: counter.counts };
  });
  const frame = (call: string, text: string): Frame => {
    const figures = counters.map(
      ({ name, counts }) => [`${name}: malloc, free`, `${counts.malloc}, ${counts.free}`] as const,
    );
    return { call, text, heap: heapFrame(memory.pymalloc, { isCloseUp: true }), figures };
  };
  const take = (name: DomainName, sizeBytes: number) => {
    const p = memory[name].malloc(sizeBytes);
    return { p, call: `${name}.malloc(${sizeBytes}) → ${hex(p)}` };
  };
  yield frame("counters around all three", "Each counter calls the allocator that was there before.");
  const small = take("obj", 400);
  yield frame(small.call, "400 bytes: pymalloc serves it from a pool. Only the counter of obj has seen it.");
  yield frame(take("mem", 400).call, "The mem domain shares that pymalloc: the next block of the same pool.");
  const large = take("obj", 1000);
  yield frame(
    large.call,
    "More than 512 bytes: pymalloc passes it on to the raw domain, through the raw domain's hook. Two counters have seen it.",
  );
  yield frame(take("mem", 0).call, "Zero bytes go the same way. The raw domain makes one byte of it.");
  yield frame(take("raw", 400).call, "The raw domain itself knows no pools, however small the request is.");
  memory.obj.free(large.p as never);
  yield frame("obj.free(the 1000 bytes)", "Not in an arena, so it is passed on again.");
  memory.obj.free(small.p as never);
  yield frame("obj.free(the 400 bytes)", "Back to its pool.");
}

export const scenes: Readonly<Record<string, Scene>> = {
  "hooks.calls": { title: "Who sees which call", run: calls },
};
