import { LinearMemory, RawHeap, wasmImports } from "@obmalloc/raw-heap";

// (module
//   (import "env" "malloc" (func $malloc (param i32) (result i32)))
//   (import "env" "free" (func $free (param i32)))
//   (memory (export "memory") 1 256)
//   (global (export "__heap_base") i32 (i32.const 4096))
//   (func (export "make") (result i32) …a block of 100 bytes, its first word is 42…))
const bytes = Uint8Array.from(
  atob(
    "AGFzbQEAAAABDgNgAX8Bf2ABfwBgAAF/AhkCA2VudgZtYWxsb2MAAANlbnYEZnJlZQABAwIBAgUFAQEBgAIGBwF/AEGAIAsHHwMGbWVtb3J5AgALX19oZWFwX2Jhc2UDAARtYWtlAAIKFgEUAQF/QeQAEAAhACAAQSo2AgAgAAs=",
  ),
  (letter) => letter.charCodeAt(0),
);

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly __heap_base: WebAssembly.Global<"i32">;
  make(): number;
}

let heap: RawHeap | undefined;
const { instance } = await WebAssembly.instantiate(bytes, { env: wasmImports(() => heap!) });
const module = instance.exports as unknown as Exports;
const memory = new LinearMemory({
  source: module.memory,
  startAddress: module.__heap_base.value,
  maxBytes: 256 * 65_536,
});
heap = RawHeap.create(memory);

const address = module.make();
console.log(memory.u32[address / 4], heap.stats().liveBlocks); // 42 1
