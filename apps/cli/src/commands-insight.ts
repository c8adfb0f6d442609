// The commands that explain a recording, with their options and help.

import { type Command, InvalidArgumentError, Option } from "commander";
import type { CheckFlags } from "./commands/check.ts";
import type { DiffFlags } from "./commands/diff.ts";
import type { ExportFlags } from "./commands/export.ts";
import type { ImportMemrayFlags } from "./commands/import-memray.ts";
import type { ImportStatsFlags } from "./commands/import-stats.ts";
import type { SweepFlags } from "./commands/sweep.ts";
import {
  AT_HELP,
  addTraceCommand,
  atOption,
  countFromZero,
  examples,
  names,
  wholeNumber,
} from "./commands-shared.ts";
import { EXPLAIN_LIMIT } from "./quick/arguments.ts";
import { parseSize } from "./shared/sizes.ts";

export function addInsightCommands(program: Command): void {
  addExplain(program);
  addWhatIf(program);
  addDiff(program);
  addCheck(program);
  addExport(program);
  addSweep(program);
  addImport(program);
}

function addExplain(program: Command): void {
  addTraceCommand(program, "explain", "why the memory stays, what pins it, what would help", async () => {
    return (await import("./commands/explain.ts")).explainCommand;
  })
    .addOption(atOption())
    .option("--html <out>", "write a report, one file that a browser opens")
    .option("--stack", "print a whole stack of each line")
    .addOption(
      new Option(
        "--remedies <which>",
        "those from the heap at the moment, or all (default: by events)",
      ).choices(["from-heap", "all"]),
    )
    .option("--limit <n>", "lines to show", wholeNumber, EXPLAIN_LIMIT)
    .addHelpText("after", AT_HELP)
    .addHelpText(
      "after",
      examples(
        "obmalloc explain run.obm --html report.html",
        'obmalloc explain run.obm --at "after load" --json',
      ),
    );
}

function addWhatIf(program: Command): void {
  addTraceCommand(program, "what-if", "what arenas would hold under other settings", async () => {
    return (await import("./commands/what-if.ts")).whatIfCommand;
  })
    .addOption(atOption())
    .option("--profile <versions>", "rules of other CPython versions, such as 3.9,3.12", names)
    .option("--return-free-pools", "give the memory of free pools back")
    .option("--kept-arenas <n>", "hold back n empty arenas", countFromZero)
    .addOption(
      new Option("--usable-arenas <order>", "which arena gives the next pool").choices([
        "fullest-first",
        "last-freed-first",
      ]),
    )
    .option("--arena <size>", "bytes of an arena, such as 2MiB", parseSize)
    .option("--pool <size>", "bytes of a pool, such as 16KiB", parseSize)
    .option("--malloc", "also do all operations with this machine's malloc")
    .option("--trim-threshold <size>", "MALLOC_TRIM_THRESHOLD_ for --malloc", parseSize)
    .option("--mmap-threshold <size>", "MALLOC_MMAP_THRESHOLD_ for --malloc", parseSize)
    .option("--preload <library>", "an allocator to preload for --malloc")
    .addHelpText("after", "\nWithout settings: the rules of each version that differ.")
    .addHelpText("after", AT_HELP)
    .addHelpText(
      "after",
      examples(
        "obmalloc what-if run.obm",
        "obmalloc what-if run.obm --profile 3.9,3.13 --return-free-pools",
        "obmalloc what-if run.obm --arena 2MiB --kept-arenas 2",
        "obmalloc what-if run.obm --malloc --trim-threshold 128KiB",
      ),
    );
}

function addDiff(program: Command): void {
  program
    .command("diff")
    .description("two recordings, or two moments of one: by layer, class and line")
    .argument("<before>", "a trace")
    .argument("[after]", "another one (default: the same)")
    .option("--from <moment>", "the moment in the first")
    .option("--to <moment>", "the moment in the second")
    .option("--limit <n>", "rows of each table", wholeNumber, 10)
    .option("--json", "as JSON, as the schema in schemas/ describes it")
    .addHelpText("after", AT_HELP)
    .addHelpText(
      "after",
      examples("obmalloc diff before.obm after.obm", 'obmalloc diff run.obm --from "warm" --to "after load"'),
    )
    .action(async (before: string, after: string | undefined, flags: DiffFlags) => {
      const { diffCommand } = await import("./commands/diff.ts");
      process.exitCode = await diffCommand(before, after, flags);
    });
}

function addCheck(program: Command): void {
  addTraceCommand<CheckFlags>(program, "check", "budgets for continuous integration", async () => {
    return (await import("./commands/check.ts")).checkCommand;
  })
    .addOption(atOption())
    .option("--max-held <size>", "bytes free but held, by pymalloc and the C library", parseSize)
    .option("--max-rss <size>", "the resident set", parseSize)
    .option("--max-leverage <n>", "bytes that a line holds alone for each live one", positive)
    .option("--max-growth <share>", "growth of live bytes, such as 1%", share)
    .addOption(new Option("--between <moments...>", "the two moments for --max-growth"))
    .option("--junit", "a JUnit report on stdout")
    .addHelpText("after", "\nExit codes: 0 all kept, 1 one exceeded or not to be told, 2 a mistake.")
    .addHelpText("after", AT_HELP)
    .addHelpText(
      "after",
      examples(
        "obmalloc check run.obm --max-held 50MiB --max-leverage 20",
        "obmalloc check run.obm --max-growth 1% --between warm done --junit > m.xml",
      ),
    );
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}

function share(text: string): number {
  const [, number, percent] = /^(-?\d+(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? [];
  if (number === undefined) throw new InvalidArgumentError("It must be a share, such as 1% or 0.01.");
  return Number(number) / (percent === "%" ? 100 : 1);
}

function addExport(program: Command): void {
  program
    .command("export")
    .description("write a recording in the formats of other tools")
    .argument("<file>", "a trace, as record writes it")
    .addOption(
      new Option("-f, --format <format>", "what to write").choices(EXPORT_NAMES).makeOptionMandatory(),
    )
    .option("-o, --output <path>", "where to (default: beside the trace)")
    .addOption(atOption())
    .addHelpText("after", EXPORT_HELP)
    .addHelpText("after", AT_HELP)
    .addHelpText(
      "after",
      examples(
        "obmalloc export run.obm -f pprof && go tool pprof -http : run.pb.gz",
        "obmalloc export run.obm -f speedscope --at warm",
        "obmalloc export run.obm -f parquet-blocks -o blocks.parquet",
      ),
    )
    .action(async (file: string, flags: ExportFlags) => {
      const { exportCommand } = await import("./commands/export.ts");
      process.exitCode = await exportCommand(file, flags);
    });
}

const EXPORT_NAMES: ExportFlags["format"][] = [
  "pprof",
  "speedscope",
  "collapsed",
  "chrome-trace",
  "dhat",
  "parquet-events",
  "parquet-blocks",
  "csv-events",
  "csv-blocks",
];

const EXPORT_HELP = `
pprof, speedscope, collapsed, dhat: what each stack holds at a moment (live
bytes; pprof and speedscope also pinned bytes and arenas). chrome-trace:
counters and markers over time, for ui.perfetto.dev. The tables have a row for
each live block, or for each event.`;

const SWEEP_HELP = `
The matrix is JSON: {"settings": [{"profile": "3.9", "arena": "2MiB", "pool":
"16KiB", "keptArenas": 2, "usableArenas": "last-freed-first",
"returnFreePools": true}, ...], "moments": ["warm", "end"]}. With an object of
lists instead of the list, their product is taken. What is left out is as it
was recorded. A sweep that was stopped goes on where it was.`;

function addSweep(program: Command): void {
  program
    .command("sweep")
    .description("many recordings by many settings, in parallel")
    .argument("<traces...>", "traces")
    .requiredOption("--matrix <file>", "the settings to try, JSON")
    .option("-o, --output <file>", "Parquet, a row for each job (default: sweep.parquet)")
    .option("--shard <k/n>", "only the k-th of n parts, for several machines", shard)
    .option("--workers <n>", "threads (default: as many as cores)", wholeNumber)
    .addHelpText("after", SWEEP_HELP)
    .addHelpText("after", "\nExit codes: 0 all done, 1 a job failed (its row says why), 2 a mistake.")
    .addHelpText(
      "after",
      examples(
        "obmalloc sweep runs/*.obm --matrix matrix.json -o all.parquet",
        "obmalloc sweep runs/*.obm --matrix m.json --shard $SLURM_ARRAY_TASK_ID/16",
        "duckdb -c \"from 'sweep-*-of-16.parquet' order by held_bytes\"",
      ),
    )
    .action(async (traces: string[], flags: SweepFlags) => {
      const { sweepCommand } = await import("./commands/sweep.ts");
      process.exitCode = await sweepCommand(traces, flags);
    });
}

function shard(text: string): { index: number; count: number } {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const part = { index: Number(index), count: Number(count) };
  if (index === undefined || part.index < 1 || part.index > part.count)
    throw new InvalidArgumentError("It must be a part of all, such as 3/16.");
  return part;
}

const MEMRAY_HELP = `
memray reads its own file: a Python that has it runs a small script of ours.
Where blocks lay is known then, and arenas follow from that (derived); nothing
is compared (no certificate). Two markers are set, "peak" and "last
allocation". A capture needs --trace-python-allocators to tell of pools.`;

function addImport(program: Command): void {
  const group = program.command("import").description("read what other tools wrote");
  group
    .command("stats")
    .description("a pasted text of sys._debugmallocstats()")
    .argument("<file>", "the text; - for standard input")
    .option("--json", "as JSON, as the schema in schemas/ describes it")
    .addHelpText(
      "after",
      examples("obmalloc import stats stats.txt", "python3 app.py 2>&1 | obmalloc import stats -"),
    )
    .action(async (file: string, flags: ImportStatsFlags) => {
      const { importStatsCommand } = await import("./commands/import-stats.ts");
      process.exitCode = await importStatsCommand(file, flags);
    });
  group
    .command("memray")
    .description("a capture of memray, as a trace of the derived grade")
    .argument("<file>", "what memray run -o FILE wrote")
    .option("-o, --output <file>", "the trace to write (default: beside the capture)")
    .option("--python <path>", "a Python that has memray")
    .option("--python-version <version>", "of the captured program (default: by its files)")
    .addHelpText("after", MEMRAY_HELP)
    .addHelpText(
      "after",
      examples(
        "memray run --trace-python-allocators -o app.bin app.py",
        "obmalloc import memray app.bin && obmalloc explain app.obm",
      ),
    )
    .action(async (file: string, flags: ImportMemrayFlags) => {
      const { importMemrayCommand } = await import("./commands/import-memray.ts");
      process.exitCode = await importMemrayCommand(file, flags);
    });
}
