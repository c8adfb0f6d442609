// The commands with their arguments, options and help. A command's own code is loaded when it runs.

import { type Command, InvalidArgumentError, Option } from "commander";
import type { BenchFlags } from "./bench/command/options.ts";
import type { SizeRange } from "./bench/streams/kind.ts";
import { AT_HELP, addTraceCommand, atOption, examples, names, wholeNumber } from "./commands-shared.ts";
import type { DemoOptions } from "./demo/command.ts";
import { DEFAULT_OUTPUT, type RecordRequest, STACK_MODES, type StackMode } from "./record/arguments.ts";

const BENCH_HELP = `
A stream is a seeded sequence of operations, the same for all; a module for
--load exports allocators, an array of { name, create() }, where create gives
{ calls: { malloc, realloc, free }, words(), footprintBytes() }: words is a
Uint32Array of the whole memory as it is. Allocators that this machine does
not have are named with what they need.`;

interface RecordFlags {
  readonly output: string;
  readonly stacks: StackMode | false;
  readonly followForks?: boolean;
  readonly quiet?: boolean;
}

/** What the full parser makes of the arguments of `record`; the same as parseRecordArguments. */
export function recordRequest(program: readonly string[], flags: RecordFlags): RecordRequest {
  const [command = "", ...args] = program;
  const { output, stacks, followForks = false, quiet = false } = flags;
  return { output, stacks: stacks === false ? "none" : stacks, followForks, quiet, command, args };
}

export function addRecordCommand(program: Command): void {
  program
    .command("record")
    .description("run a program and record what its Python allocates")
    .usage("[options] -- PROGRAM [ARGS...]")
    .argument("<program...>", "the program and its arguments, as you would type them")
    .option("-o, --output <file>", "the trace to write", DEFAULT_OUTPUT)
    .addOption(
      new Option("--stacks <mode>", "Python frames to keep with each event")
        .choices(STACK_MODES)
        .default("full"),
    )
    .option("--no-stacks", "the same as --stacks none")
    .option("--follow-forks", "also record forked children and executed programs, each to FILE.PID")
    .option("-q, --quiet", "no summary; problems are still reported")
    .passThroughOptions()
    .addHelpText(
      "after",
      examples(
        "obmalloc record -- python3 app.py",
        "obmalloc record -o load.obm --stacks innermost -- python3 -m app --once",
        "obmalloc record --follow-forks -- gunicorn app:wsgi",
      ),
    )
    .addHelpText(
      "after",
      "\nOutput and exit status are the program's own. Exit code 3: it ended well, but\nwas not recorded.",
    )
    .action(async (words: string[], flags: RecordFlags) => {
      const { recordCommand } = await import("./record/command.ts");
      await recordCommand(recordRequest(words, flags));
    });
}

export function addAnalysisCommands(program: Command): void {
  addVerify(program);
  addPins(program);
  addArenas(program);
  addBlocks(program);
  addStats(program);
  addTracemalloc(program);
}

function addVerify(program: Command): void {
  const codes = `
Exit codes: 0 exact (where the process was killed: as far as it got), 1 not
exact or damaged, 2 no pools to replay.`;
  addTraceCommand(program, "verify", "replay a trace and compare every address", async () => {
    return (await import("./commands/verify.ts")).verifyCommand;
  }).addHelpText("after", examples("obmalloc verify run.obm", "obmalloc verify run.obm --json") + codes);
}

function addPins(program: Command): void {
  addTraceCommand(program, "pins", "source lines, by the arenas that only they keep alive", async () => {
    return (await import("./commands/pins.ts")).pinsCommand;
  })
    .addOption(atOption())
    .option("--stack", "print a whole stack of each line")
    .option("--limit <n>", "lines to show", wholeNumber, 10)
    .addHelpText("after", AT_HELP)
    .addHelpText(
      "after",
      examples("obmalloc pins run.obm", 'obmalloc pins run.obm --at "after load" --stack'),
    );
}

function addArenas(program: Command): void {
  addTraceCommand(program, "arenas", "how full each arena and each pool is, drawn", async () => {
    return (await import("./commands/arenas.ts")).arenasCommand;
  })
    .addOption(atOption())
    .option("--all", "draw every arena, however many there are")
    .addHelpText("after", AT_HELP)
    .addHelpText("after", examples("obmalloc arenas run.obm", "obmalloc arenas run.obm --at end --all"));
}

function addBlocks(program: Command): void {
  addTraceCommand(
    program,
    "blocks",
    "every live block: address, size class, requested bytes, line",
    async () => {
      return (await import("./commands/blocks.ts")).blocksCommand;
    },
  )
    .addOption(atOption())
    .option("--line <file:line>", "only blocks of this line; the end of the file's path is enough")
    .option("--min-size <bytes>", "only blocks for which at least so many bytes were requested", wholeNumber)
    .addHelpText("after", "\nWith --json: one object a line.")
    .addHelpText("after", AT_HELP)
    .addHelpText(
      "after",
      examples(
        "obmalloc blocks run.obm --line app.py:24 | head",
        "obmalloc blocks run.obm --json --at 1000000 > blocks.jsonl",
      ),
    );
}

function addStats(program: Command): void {
  addTraceCommand(program, "stats", "what sys._debugmallocstats() said of pymalloc at a moment", async () => {
    return (await import("./commands/stats.ts")).statsCommand;
  })
    .addOption(atOption())
    .addHelpText("after", AT_HELP)
    .addHelpText("after", examples("obmalloc stats run.obm", "obmalloc stats run.obm --at shutdown --json"));
}

export function addBenchCommand(program: Command): void {
  program
    .command("bench")
    .description("time allocators against each other: ours, of npm, WebAssembly, native")
    .option("--streams <names>", "such as W1,W3 (default: all)", names)
    .option("--allocators <names>", "such as pymalloc,dlmalloc,glibc (default: all)", names)
    .option("--load <module>", "allocators of your own, may be repeated", collect)
    .option("--base <names>", "what ratios refer to (default: dlmalloc,cpython-3.11)", names)
    .option("--seed <n>", "of the streams", wholeNumber, 1)
    .option("--rounds <n>", "timed runs of each", wholeNumber, 5)
    .option("--live <counts>", "live blocks, such as 10000,1000000 (default: by stream)", counts)
    .option("--operations <n>", "timed operations (default: by stream)", wholeNumber)
    .option("--sizes <min-max>", "bytes of small blocks (default: by stream)", sizeRange)
    .option("--workers <counts>", "Workers of T1 and T2 (default: 1,2,4)", counts)
    .option("--isolate", "a process for each allocator and stream")
    .option("--verify", "first fill all blocks, and compare what they hold")
    .option("--json", "as JSON, as the schema in schemas/ describes it")
    .addHelpText("after", BENCH_HELP)
    .addHelpText(
      "after",
      examples(
        "obmalloc bench --rounds 9",
        "obmalloc bench --streams W1 --live 10000,1000000",
        "obmalloc bench --load ./mine.mjs --allocators dlmalloc,tlsf --json",
      ),
    )
    .action(async (flags: BenchFlags) => {
      const { benchCommand } = await import("./commands/bench.ts");
      process.exitCode = await benchCommand(flags);
    });
}

function addTracemalloc(program: Command): void {
  const patterns = (pattern: string, before: readonly string[]) => [...before, pattern];
  addTraceCommand(program, "tracemalloc", "Python's tracemalloc tables, recorded without it", async () => {
    return (await import("./commands/tracemalloc.ts")).tracemallocCommand;
  })
    .addOption(atOption())
    .option("--since <moment>", "what changed since an earlier moment")
    .addOption(
      new Option("--key <key>", "how blocks are grouped")
        .choices(["lineno", "filename", "traceback"])
        .default("lineno"),
    )
    .option("--cumulative", "count a block at every frame of its traceback")
    .option("--nframe <n>", "frames to keep of a traceback", wholeNumber, 1)
    .option("--include <pattern>", "only these files; may be repeated", patterns, [])
    .option("--exclude <pattern>", "not these files; may be repeated", patterns, [])
    .option("--limit <n>", "lines to show", wholeNumber, 10)
    .addHelpText("after", AT_HELP)
    .addHelpText(
      "after",
      examples(
        "obmalloc tracemalloc run.obm",
        'obmalloc tracemalloc run.obm --at "after load" --key traceback --nframe 5',
        'obmalloc tracemalloc run.obm --since "before load" --exclude "<frozen *"',
      ),
    );
}

export function addDemoCommand(program: Command): void {
  program
    .command("demo")
    .description("the real allocator, step by step")
    .argument("[name]", "which demo; without it, what there is")
    .option("--step", "wait for a key after each step; q ends")
    .option("--version <version>", "CPython's version", "3.13")
    .addOption(new Option("--model <model>", "data model").choices(["lp64", "ilp32"]).default("lp64"))
    .addHelpText(
      "after",
      examples(
        "obmalloc demo debug-hooks",
        "obmalloc demo tracemalloc --step",
        "obmalloc demo domains --version 3.7 --model ilp32",
      ),
    )
    .action(async (name: string | undefined, options: DemoOptions) => {
      const { demoCommand } = await import("./demo/command.ts");
      process.exitCode = await demoCommand(name, options);
    });
}

const collect = (text: string, before: readonly string[] = []): string[] => [...before, text];
const counts = (text: string): number[] => text.split(",").map(wholeNumber);

function sizeRange(text: string): SizeRange {
  const [min, max] = (/^(\d+)-(\d+)$/.exec(text) ?? []).slice(1).map(Number);
  if (min === undefined || max === undefined || min < 1 || min > max) {
    throw new InvalidArgumentError("It must be two whole numbers from 1, such as 1-512.");
  }
  return { min, max };
}
