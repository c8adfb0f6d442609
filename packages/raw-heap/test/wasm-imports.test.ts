import { NotABlockError } from "@obmalloc/abi";
import { describe, expect, it } from "vitest";
import wabtFactory from "wabt";
import {
  guardHeap,
  LinearMemory,
  RawHeap,
  type WasmImports,
  type WasmMemory,
  wasmImports,
} from "../src/index.ts";

const GIB = 1024 ** 3;

/** A linked list of squares, made with malloc, with a module's own data in front of the heap. */
const wat = (memory: string) => `(module
  (import "env" "malloc" (func $malloc (param i32) (result i32)))
  (import "env" "calloc" (func $calloc (param i32 i32) (result i32)))
  (import "env" "realloc" (func $realloc (param i32 i32) (result i32)))
  (import "env" "free" (func $free (param i32)))
  ${memory}
  (data (i32.const 1024) "the module's own data")
  (global (export "__heap_base") i32 (i32.const 2048))
  (export "malloc" (func $malloc)) (export "calloc" (func $calloc))
  (export "realloc" (func $realloc)) (export "free" (func $free))
  (func (export "list") (param $n i32) (result i32) (local $head i32) (local $node i32)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $n)))
      (local.set $node (call $malloc (i32.const 8)))
      (i32.store (local.get $node) (local.get $head))
      (i32.store offset=4 (local.get $node) (i32.mul (local.get $n) (local.get $n)))
      (local.set $head (local.get $node))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next)))
    (local.get $head))
  (func (export "sumAndFree") (param $node i32) (result i32) (local $sum i32) (local $next i32)
    (block $done (loop $again
      (br_if $done (i32.eqz (local.get $node)))
      (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $node))))
      (local.set $next (i32.load (local.get $node)))
      (call $free (local.get $node))
      (local.set $node (local.get $next))
      (br $again)))
    (local.get $sum))
  (func (export "growMemory") (param i32) (result i32) (memory.grow (local.get 0))))`;

interface Exports {
  readonly memory: WasmMemory;
  readonly __heap_base: { readonly value: number };
  malloc(sizeBytes: number): number;
  calloc(nelem: number, elsize: number): number;
  realloc(p: number, sizeBytes: number): number;
  free(p: number): void;
  list(n: number): number;
  sumAndFree(node: number): number;
  growMemory(units: number): number;
}

const wabt = await wabtFactory();

function compile(memory: string): WebAssembly.Module {
  const { buffer } = wabt.parseWat("list.wat", wat(memory)).toBinary({});
  return new WebAssembly.Module(new Uint8Array(buffer));
}

const instantiate = (module: WebAssembly.Module, env: WasmImports, memory?: WebAssembly.Memory) =>
  new WebAssembly.Instance(module, { env: memory === undefined ? env : { ...env, memory } })
    .exports as unknown as Exports;

const ownData = (memory: WasmMemory) =>
  new TextDecoder().decode(new Uint8Array(memory.buffer, 1024, "the module's own data".length));

describe("A module that exports its memory", () => {
  const module = compile(`(memory (export "memory") 1 64)`);

  function make() {
    let heap: RawHeap | undefined;
    const exports = instantiate(
      module,
      wasmImports(() => heap!),
    );
    expect(() => exports.malloc(1)).toThrow("its heap is not made yet");
    const memory = new LinearMemory({
      source: exports.memory,
      startAddress: exports.__heap_base.value,
      maxBytes: 64 * 65_536,
    });
    heap = RawHeap.create(memory);
    return { exports, heap };
  }

  it("allocates, links and frees blocks of a heap behind its data, which grows the memory", () => {
    const { exports, heap } = make();
    const head = exports.list(10_000);
    expect(heap.stats().liveBlocks).toBe(10_000);
    expect(exports.memory.buffer.byteLength).toBeGreaterThan(65_536);
    let sum = 0;
    for (let n = 1; n <= 10_000; n++) sum = (sum + n * n) | 0;
    expect(exports.sumAndFree(head)).toBe(sum);
    expect(heap.stats().liveBlocks).toBe(0);
    expect(heap.check()).toEqual([]);
    expect(ownData(exports.memory)).toBe("the module's own data");
  });

  it("may grow its memory itself in between", () => {
    const { exports, heap } = make();
    const before = exports.list(500);
    expect(exports.growMemory(3)).toBeGreaterThan(0);
    const after = exports.list(5000);
    expect([exports.sumAndFree(before), exports.sumAndFree(after)]).toEqual([41_791_750, 41_679_167_500 | 0]);
    expect(heap.stats().liveBlocks).toBe(0);
    expect(heap.check()).toEqual([]);
  });

  it("gets C's results: zeros from calloc, kept bytes from realloc, 0 without room and for overflow", () => {
    const { exports, heap } = make();
    const p = exports.calloc(10, 4);
    expect([...heap.i32(p, 10)]).toEqual(Array(10).fill(0));
    heap.i32(p, 10).fill(-5);
    const moved = exports.realloc(p, 50_000);
    expect([...heap.i32(moved, 10)]).toEqual(Array(10).fill(-5));
    expect([exports.malloc(-1), exports.malloc(2 ** 31), exports.calloc(-1, -1)]).toEqual([0, 0, 0]);
    expect([exports.calloc(65_536, 65_536), exports.realloc(moved, -16)]).toEqual([0, 0]);
    expect(exports.realloc(0, 10)).not.toBe(0);
    exports.free(moved);
    exports.free(0);
    expect(() => exports.free(moved)).toThrow(NotABlockError);
    expect(heap.check()).toEqual([]);
  });
});

describe("A module that imports its memory", () => {
  it("has blocks above 2 GiB, whose addresses are negative as i32", () => {
    const memory = new WebAssembly.Memory({ initial: 32_769, maximum: 33_000 });
    const heap = RawHeap.create(
      new LinearMemory({ source: memory, startAddress: 2 * GIB, maxBytes: 33_000 * 65_536 }),
    );
    const exports = instantiate(compile(`(import "env" "memory" (memory 1))`), wasmImports(heap), memory);
    const head = exports.list(100);
    expect(head).toBeLessThan(0);
    const p = exports.malloc(100);
    heap.u8(p >>> 0, 100).fill(9);
    const moved = exports.realloc(p, 5000);
    expect(moved).toBeLessThan(0);
    expect(heap.u8(moved >>> 0, 100).every((byte) => byte === 9)).toBe(true);
    exports.free(moved);
    expect(exports.sumAndFree(head)).toBe(338_350);
    expect(heap.stats().liveBlocks).toBe(0);
  });

  it("is guarded when its heap is", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 64 });
    const linear = new LinearMemory({ source: memory, startAddress: 2048, maxBytes: 64 * 65_536 });
    const heap = guardHeap(RawHeap.create(linear));
    const exports = instantiate(compile(`(import "env" "memory" (memory 1))`), wasmImports(heap), memory);
    const head = exports.list(20);
    expect(heap.leaks()).toHaveLength(20);
    expect(heap.leaks()[0]!.allocatedBy.join("\n")).toContain("wasm");
    expect(exports.sumAndFree(head)).toBe(2870);
    heap.assertBalanced();
    expect(() => exports.sumAndFree(head)).toThrow("It was freed before.");
  });
});
