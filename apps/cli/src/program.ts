// How all commands are started, how they end, and what they have in common. commands.ts has the list.

import { Command, CommanderError } from "commander";
import { version } from "../package.json";
import { addAnalysisCommands, addBenchCommand, addDemoCommand, addRecordCommand } from "./commands.ts";
import { addInsightCommands } from "./commands-insight.ts";
import { ExitCode } from "./shared/exit-codes.ts";
import { failureCode, printFailure } from "./shared/failures.ts";
import { endQuietlyOnClosedPipe } from "./shared/output.ts";

const INTRODUCTION = `Records a Python program, replays its allocations address by address, and names
the source lines that keep its memory.`;

const FIRST_STEPS = `
First steps:
  obmalloc record -o run.obm -- python3 app.py  run it, write what it allocates
  obmalloc verify run.obm                       replay it, compare each address
  obmalloc explain run.obm                      why it stays, what would help

Exit codes: 0 ok; 1 not exact, or the trace is damaged; 2 a mistake in the
command, or a question that the trace cannot answer; 3 nothing recorded.
record ends as the program that it runs.`;

/** The command line, ready to parse. */
export function buildProgram(): Command {
  const program = new Command("obmalloc")
    .description(INTRODUCTION)
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError("(what there is: obmalloc --help)")
    .addHelpText("after", FIRST_STEPS);
  addRecordCommand(program);
  addInsightCommands(program);
  addAnalysisCommands(program);
  addDemoCommand(program);
  addBenchCommand(program);
  return program;
}

/** Runs the command that `argv` (as process.argv) asks for, and sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  endQuietlyOnClosedPipe();
  try {
    await buildProgram().parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage; // it has said why
      return;
    }
    printFailure(error);
    process.exitCode = failureCode(error);
  }
}
