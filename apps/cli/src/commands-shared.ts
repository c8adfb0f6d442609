// What the descriptions of commands have in common.

import { type Command, InvalidArgumentError, Option } from "commander";
import type { ExitCode } from "./shared/exit-codes.ts";

export const AT_HELP = `
A moment is a marker's label, an event's number, "shutdown" (the start of the
interpreter's shutdown) or "end". A program sets a marker with
sys.audit("obmalloc.mark", "label"): Python 3.8 or newer, nothing to install.
Without --at: the last marker, else the start of shutdown, else the end.`;

export const examples = (...lines: string[]) => `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;

/** A command about a trace: `load` gives its code, which answers with the exit code. */
export function addTraceCommand<Options>(
  program: Command,
  name: string,
  description: string,
  load: () => Promise<(file: string, options: Options) => Promise<ExitCode>>,
): Command {
  return program
    .command(name)
    .description(description)
    .argument("<file>", "a trace, as record writes it")
    .option("--json", "as JSON, as the schema in schemas/ describes it")
    .action(async (file: string, options: Options) => {
      const run = await load();
      process.exitCode = await run(file, options);
    });
}

export const atOption = () => new Option("--at <moment>", "the moment to look at");

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1.");
  return Number(text);
}

export function countFromZero(text: string): number {
  return text === "0" ? 0 : wholeNumber(text);
}

export const names = (text: string): string[] => text.split(",").map((name) => name.trim());
