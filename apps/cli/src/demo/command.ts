// `obmalloc demo NAME`: prints a demo, all at once or a step for each key.

import { ilp32, lp64, ObmallocError, type Profile, profileFor } from "@obmalloc/abi";
import { ExitCode } from "../shared/exit-codes.ts";
import { writeLines } from "../shared/output.ts";
import { lookOf } from "../shared/terminal.ts";
import { wrapText } from "../shared/wrap-text.ts";
import type { DemoStep } from "./demo.ts";
import { demos } from "./demos.ts";
import { KeyWaiter } from "./key-waiter.ts";

export interface DemoOptions {
  readonly step?: boolean;
  readonly version: string;
  readonly model: "lp64" | "ilp32";
}

const INDENT = "   ";
/** Lines of text are easy to read up to here, however wide the terminal is. */
const TEXT_WIDTH_MAX = 92;

/** @throws {ObmallocError} when there is no such demo, or no such version. */
export async function demoCommand(name: string | undefined, options: DemoOptions): Promise<ExitCode> {
  if (name === undefined) {
    const width = Math.max(...demos.map((demo) => demo.name.length));
    await writeLines(demos.map((demo) => `${demo.name.padEnd(width)}  ${demo.description}`));
    return ExitCode.ok;
  }
  const demo = demos.find((one) => one.name === name);
  if (demo === undefined) {
    throw new ObmallocError(`There is no demo ${name}.`, {
      details: [`There are: ${demos.map((one) => one.name).join(", ")}.`],
    });
  }
  const profile = profileFor(options.version, options.model === "lp64" ? lp64 : ilp32);
  const look = lookOf(process.stdout);
  const run = await demo.load();
  const keys =
    options.step && look.isTerminal && process.stdin.isTTY ? new KeyWaiter(process.stdin) : undefined;
  try {
    let number = 0;
    await writeLines([look.colors.bold(heading(demo.name, profile))]);
    for await (const step of run({ profile, look })) {
      await writeLines(stepLines(++number, step, look));
      if (keys !== undefined && !(await keys.next())) break;
    }
  } finally {
    keys?.close();
  }
  return ExitCode.ok;
}

function heading(name: string, { version, model }: Profile): string {
  return `obmalloc demo ${name}: CPython ${version}, ${model.pointerBytes * 8} bits`;
}

function* stepLines(number: number, step: DemoStep, look: ReturnType<typeof lookOf>): Generator<string> {
  yield "";
  yield look.colors.bold(`${number}  ${step.title}`);
  yield* wrapText(step.text, Math.min(look.width, TEXT_WIDTH_MAX), INDENT);
  yield "";
  for (const line of step.lines) yield line === "" ? "" : INDENT + line;
}
