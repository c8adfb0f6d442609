import { lp64, poolHeader, readStruct, struct } from "@obmalloc/abi";

const header = poolHeader(lp64);
console.log(header.sizeBytes, header.offsets.szidx); // 48 36

// A structure of your own, laid out as a C compiler does it.
const point = struct(lp64, { tag: "u8", x: "f64", next: "ptr" });
console.log(point.offsets.x, point.sizeBytes); // 8 24

const words = new Uint32Array([7, 0, 0, 0, 4096, 0]);
console.log(readStruct(words, point, 0).next); // 4096
