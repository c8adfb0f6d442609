// Objects/obmalloc.c of a CPython's source tree as a WebAssembly module: a real pymalloc of 32 bits.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What the module lets one call; pointers are numbers. */
export interface PymallocModule {
  readonly memory: { readonly buffer: ArrayBuffer; grow(units: number): number };
  PyObject_Malloc(size: number): number;
  PyObject_Calloc(nelem: number, elsize: number): number;
  PyObject_Realloc(ptr: number, size: number): number;
  PyObject_Free(ptr: number): void;
  _initialize(): void;
  set_up(): void;
  report(): void;
  count_blocks(): number;
}

/** What the module calls. */
export interface Host {
  map_arena(size: number): number;
  unmap_arena(base: number, size: number): void;
  /** Bytes for standard error. */
  write(bytes: Buffer): void;
}

type Import = (...args: number[]) => number | undefined;

/** The part of the global WebAssembly that is used here; Node has it, its types do not. */
interface HostWebAssembly {
  Module: {
    new (bytes: Buffer): object;
    imports(module: object): { readonly module: string; readonly name: string }[];
  };
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

const EXPORTED = [
  ...["PyObject_Malloc", "PyObject_Calloc", "PyObject_Realloc", "PyObject_Free"],
  ...["set_up", "report", "count_blocks"],
];

/** Compiles and starts the allocator of the source in `tree`. */
export function buildModule(tree: string, host: Host): PymallocModule {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: HostWebAssembly }).WebAssembly;
  const module = new Module(readFileSync(compile(tree)));
  const imports: Record<string, Record<string, Import>> = {};
  for (const { module: from, name } of Module.imports(module)) {
    imports[from] ??= {};
    imports[from][name] = () => {
      throw new Error(`obmalloc.c called ${name}, which is not there.`);
    };
  }
  Object.assign(imports.host!, { map_arena: host.map_arena, unmap_arena: host.unmap_arena });
  for (const name of ["Py_GETENV", "getenv"]) if (imports.env?.[name]) imports.env[name] = () => 0;
  Object.assign(imports.wasi_snapshot_preview1!, {
    environ_sizes_get: () => 0,
    environ_get: () => 0,
    fd_fdstat_get: () => 8,
    fd_write: (_file: number, vectors: number, count: number, written: number) =>
      writeVectors(exports.memory.buffer, [vectors, count, written], host),
  });
  const exports = new Instance(module, imports).exports as PymallocModule;
  exports._initialize();
  exports.set_up();
  return exports;
}

function writeVectors(
  memory: ArrayBuffer,
  [vectors, count, written]: readonly [number, number, number],
  host: Host,
): number {
  const view = new DataView(memory);
  let bytes = 0;
  for (let at = vectors; at < vectors + 8 * count; at += 8) {
    const [start, length] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    host.write(Buffer.from(memory.slice(start, start + length)));
    bytes += length;
  }
  view.setUint32(written, bytes, true);
  return 0;
}

function compile(tree: string): string {
  const folder = mkdtempSync(join(tmpdir(), "obmalloc-ilp32-"));
  writeFileSync(join(folder, "pyconfig.h"), configuration());
  writeFileSync(join(folder, "pthread.h"), threads());
  const output = join(folder, "obmalloc.wasm");
  const include = [folder, ...["Include", "Include/internal", "", "Objects"].map((at) => join(tree, at))];
  execFileSync(
    "clang",
    [
      ...["--target=wasm32-wasi", "-mexec-model=reactor", "-O2", "-w"],
      ...["-DPy_BUILD_CORE", "-DNDEBUG", "-D_WASI_EMULATED_SIGNAL", ...include.map((at) => `-I${at}`)],
      ...[join(tree, "Objects/obmalloc.c"), fileURLToPath(new URL("glue.c", import.meta.url)), "-o", output],
      ...["-Wl,--allow-undefined", ...EXPORTED.map((name) => `-Wl,--export=${name}`)],
    ],
    { stdio: "inherit" },
  );
  return output;
}

/** What configure would say of wasm32, as far as obmalloc.c and the headers ask; with pymalloc, unlike configure. */
function configuration(): string {
  const sizes = {
    ...{ SHORT: 2, INT: 4, LONG: 4, LONG_LONG: 8, VOID_P: 4, SIZE_T: 4, UINTPTR_T: 4, WCHAR_T: 4 },
    ...{
      OFF_T: 8,
      FPOS_T: 16,
      DOUBLE: 8,
      FLOAT: 4,
      TIME_T: 8,
      _BOOL: 1,
      PID_T: 4,
      PTHREAD_T: 4,
      PTHREAD_KEY_T: 4,
    },
  };
  const there = [
    ...["STDINT_H", "INTTYPES_H", "STDARG_PROTOTYPES", "UNISTD_H", "STDLIB_H", "ERRNO_H", "SYS_TYPES_H"],
    ...["SYS_STAT_H", "SYS_TIME_H", "WCHAR_H", "STD_ATOMIC", "BUILTIN_ATOMIC", "LONG_LONG", "UINTPTR_T"],
    ...["PTHREAD_STUBS", "DECL_ISFINITE"],
  ];
  const lines = [
    ...Object.entries(sizes).map(([name, bytes]) => `SIZEOF_${name} ${bytes}`),
    ...["ALIGNOF_LONG 4", "ALIGNOF_SIZE_T 4", "ALIGNOF_MAX_ALIGN_T 8", 'PY_FORMAT_SIZE_T "z"'],
    ...["WITH_PYMALLOC 1", "DOUBLE_IS_LITTLE_ENDIAN_IEEE754 1", ...there.map((name) => `HAVE_${name} 1`)],
  ];
  return lines.map((line) => `#define ${line}\n`).join("");
}

/** Headers up to 3.10 name types of POSIX threads, which WASI does not have. */
function threads(): string {
  const types = ["pthread_t", "pthread_key_t", "pthread_mutex_t", "pthread_cond_t", "pthread_condattr_t"];
  return `#pragma once\n#define PTHREAD_KEYS_MAX 4\n${types.map((type) => `typedef int ${type};\n`).join("")}`;
}
