// A process that runs one stream through one allocator, when it is told to: child.js STREAM ALLOCATOR [MODULE...]
//
// Commands and answers are those of native/bench-driver.c.

import { createInterface } from "node:readline";
import { givenCandidates } from "./allocators/given.ts";
import { candidates } from "./allocators/index.ts";
import { BenchError, NoRoomError } from "./errors.ts";
import { HeapContender } from "./heap-contender.ts";
import { NO_ROOM_EXIT } from "./process-contender.ts";
import { readStream } from "./stream-file.ts";

const [file = "", name = "", ...loads] = process.argv.slice(2);
const given = (await Promise.all(loads.map(givenCandidates))).flat();
const candidate = [...given, ...candidates].find((one) => one.name === name);
const { load } = (await candidate?.prepare()) ?? {};
if (load === undefined) throw new BenchError(`There is no allocator ${name} that runs here.`);

async function answer(contender: HeapContender, command: string): Promise<string> {
  switch (command) {
    case "s": {
      const { endBytes, peakBytes } = await contender.survey();
      return `${endBytes} ${peakBytes}`;
    }
    case "r": {
      const { cpuNs, wallNs } = await contender.round();
      return `${cpuNs} ${wallNs}`;
    }
    default:
      return (await contender.verify()) ?? "ok";
  }
}

try {
  const contender = new HeapContender(await load(), readStream(file));
  for await (const command of createInterface({ input: process.stdin })) {
    process.stdout.write(`${await answer(contender, command)}\n`);
  }
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof NoRoomError ? NO_ROOM_EXIT : 1;
  process.stdin.destroy(); // or the process would wait for more commands
}
