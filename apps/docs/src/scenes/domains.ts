// The three domains, their hooks, and what the debug hooks find.

import { profileFor } from "@obmalloc/abi";
import { countingAllocator, createDomains, type Domains, FatalMemoryError } from "@obmalloc/domains";
import type { Cell, Experiment, Frame, Kind, Question, Scene } from "./scene.ts";
import { hex } from "./scene.ts";

const create = (variable = "", version = "3.13"): Domains =>
  createDomains({
    profile: profileFor(version),
    maxBytes: 64 << 20,
    environment: variable === "" ? {} : { PYTHONMALLOC: variable },
  });

const SIZE_BYTES = 8;
const PAD_BYTES = 7;
const DATA_BYTES = 20;

/** The parts of a debug block, with the bytes that stand there. */
function debugFrame(memory: Domains, block: number, call: string, text: string, data: Kind = "used"): Frame {
  const parts: readonly (readonly [string, number, Kind])[] = [
    ["size", SIZE_BYTES, "header"],
    ["id", 1, "header"],
    ["pad", PAD_BYTES, "mark"],
    ["data", DATA_BYTES, data],
    ["pad behind", SIZE_BYTES, "mark"],
  ];
  const start = block - 2 * SIZE_BYTES;
  let address = start;
  const cells = parts.map(([label, sizeBytes, kind]): Cell => {
    const cell = {
      address,
      sizeBytes,
      kind,
      label,
      bytes: memory.linear.u8.slice(address, address + sizeBytes),
    };
    address += sizeBytes;
    return cell;
  });
  const all = memory.linear.u8.slice(start, address);
  const bytes = [...all].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return {
    call,
    text: `${text} Bytes: ${bytes}.`,
    regions: [{ title: "A block with debug hooks", address: start, bytesPerRow: 44, cells }],
  };
}

function* debugBlock(): Generator<Frame> {
  const memory = create("debug");
  const block = memory.mem.malloc(DATA_BYTES);
  yield debugFrame(
    memory,
    block,
    `PyMem_Malloc(${DATA_BYTES}) → ${hex(block)}`,
    "In front: the size, highest byte first, the letter m for the domain, and forbidden bytes fd. Behind the data: forbidden bytes again. The data is filled with cd, so that nobody takes it for zeros.",
  );
  memory.linear.u8.fill(0x41, block, block + DATA_BYTES);
  yield debugFrame(
    memory,
    block,
    `memset(p, 'A', ${DATA_BYTES})`,
    "The program writes its data. All is well.",
  );
  memory.linear.u8[block + DATA_BYTES] = 0x41;
  yield debugFrame(
    memory,
    block,
    `p[${DATA_BYTES}] = 'A'`,
    "One byte too far. Nobody notices yet: it is free(), or a realloc(), that looks.",
  );
  memory.linear.u8[block + DATA_BYTES] = 0xfd;
  memory.mem.free(block);
  yield debugFrame(
    memory,
    block,
    "with that byte put right, PyMem_Free(p)",
    "All of the block is filled with dd, and then pymalloc writes the link of its free list over the first 8 bytes.",
    "free",
  );
}

export const scenes: Readonly<Record<string, Scene>> = {
  "domains.debug": { title: "What the debug hooks put around a block", run: debugBlock },
};

export const questions: Readonly<Record<string, Question>> = {
  "domains.raw-hook": {
    text: "A counter is put around the raw domain. A program then asks the object domain for 100 bytes and for 1000. How many calls does the counter see?",
    options: ["0", "1", "2"],
    answer() {
      const memory = create();
      memory.obj.malloc(1); // the first arena is there
      const counter = countingAllocator(memory.getAllocator("raw"));
      memory.setAllocator("raw", counter);
      memory.obj.malloc(100);
      const afterSmall = counter.counts.malloc;
      memory.obj.malloc(1000);
      const afterLarge = counter.counts.malloc;
      return {
        right: afterLarge,
        said: `after 100 bytes:  ${afterSmall} calls of the raw domain\nafter 1000 bytes: ${afterLarge}`,
      };
    },
  },
  "domains.debug-threshold": {
    text: "With debug hooks on (3.8 or later, 64 bits), up to which size does the object domain still take blocks from pymalloc?",
    options: ["512 bytes", "488 bytes", "480 bytes"],
    answer() {
      const memory = create("debug");
      memory.obj.malloc(1);
      const isSmall = (sizeBytes: number) => memory.pymalloc.addressInRange(memory.obj.malloc(sizeBytes));
      let largest = 400;
      while (isSmall(largest + 1)) largest++;
      return {
        right: [512, 488, 480].indexOf(largest),
        said: `largest request in a pool: ${largest} bytes\nthe hooks add 24 bytes: ${largest} + 24 = ${largest + 24}`,
      };
    },
  },
};

/** What CPython would print when it ends. */
function deathOf(act: () => void): string {
  try {
    act();
    return "Nothing was noticed.";
  } catch (error) {
    if (!(error instanceof FatalMemoryError)) throw error;
    return error.text;
  }
}

const breakers: readonly (readonly [label: string, run: (memory: Domains) => void])[] = [
  [
    "Write behind a block",
    ({ mem, linear }) => {
      const p = mem.malloc(16);
      linear.u8[p + 16] = 0x78;
      mem.free(p);
    },
  ],
  [
    "Write in front of it",
    ({ obj, linear }) => {
      const p = obj.malloc(40);
      linear.u8[p - 1] = 0;
      obj.free(p);
    },
  ],
  ["Free in another domain", ({ mem, raw }) => raw.free(mem.malloc(100) as never)],
  [
    "Free twice",
    ({ mem }) => {
      const p = mem.malloc(100);
      mem.free(p);
      mem.free(p);
    },
  ],
];

export const experiments: Readonly<Record<string, Experiment>> = {
  "domains.break": {
    title: "Break it, with PYTHONMALLOC=debug",
    buttons: breakers.map(([label, run]) => ({ label, run: () => deathOf(() => run(create("debug"))) })),
  },
  "domains.break-plain": {
    title: "The same without the hooks",
    buttons: breakers.slice(0, 2).map(([label, run]) => ({ label, run: () => deathOf(() => run(create())) })),
  },
  "domains.gil": {
    title: "Allocate without the GIL",
    buttons: (
      [
        ["Raw domain", "debug", (memory: Domains) => memory.raw.malloc(10)],
        ["Object domain, with debug hooks", "debug", (memory: Domains) => memory.obj.malloc(10)],
        ["Object domain, without hooks", "", (memory: Domains) => memory.obj.malloc(10)],
      ] as const
    ).map(([label, variable, act]) => ({
      label,
      run: () => {
        const memory = create(variable);
        memory.gil.release();
        return deathOf(() => act(memory));
      },
    })),
  },
  "domains.python-malloc": {
    title: "Who serves what?",
    buttons: ["default", "debug", "malloc", "pymalloc_debug"].map((variable) => ({
      label: variable,
      run: () => {
        const memory = create(variable);
        const line = (name: "raw" | "mem" | "obj") => `${name.padEnd(4)} ${memory.getAllocator(name).name}`;
        return [`PYTHONMALLOC=${variable}`, line("raw"), line("mem"), line("obj")].join("\n");
      },
    })),
  },
};
