// Help, mistakes in the command, and that both parsers of `record` agree.
import { describe, expect, it } from "vitest";
import { recordRequest } from "../src/commands.ts";
import { buildProgram } from "../src/program.ts";
import { parseQuestion, type Question } from "../src/quick/arguments.ts";
import { parseRecordArguments, type RecordRequest } from "../src/record/arguments.ts";
import { CASE, obmalloc } from "./harness.ts";

const COMMANDS = [
  "record",
  "verify",
  "explain",
  "what-if",
  "diff",
  "check",
  "export",
  "sweep",
  "pins",
  "arenas",
  "blocks",
  "stats",
  "tracemalloc",
  "demo",
  "bench",
];

describe("help", () => {
  it("lists the commands, first steps and exit codes", async () => {
    const { code, stdout } = await obmalloc(["--help"]);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    expect(stdout).toContain("Exit codes: 0 ok; 1 not exact");
    expect(stdout.split("\n").every((line) => line.length <= 80)).toBe(true);
  });

  it.each(COMMANDS)("%s has examples", async (command) => {
    const { code, stdout } = await obmalloc([command, "--help"]);
    expect(code).toBe(0);
    expect(stdout.split("\n").every((line) => line.length <= 80)).toBe(true);
    expect(stdout).toContain(`Examples:\n  obmalloc ${command} `);
    expect(stdout).toMatchSnapshot();
  });
});

describe("mistakes in the command", () => {
  it.each([
    [[], "Usage: obmalloc"],
    [["nonsense"], "error: unknown command 'nonsense'"],
    [["verify"], "error: missing required argument 'file'"],
    [["verify", CASE, "--nonsense"], "error: unknown option '--nonsense'"],
    [["pins", CASE, "--limit", "none"], "It must be a whole number from 1."],
    [["blocks", CASE, "--line", "24"], "--line takes FILE:LINE, such as app.py:24, not 24."],
    [["record"], "error: missing required argument 'program'"],
    [["record", "--stacks", "some", "--", "true"], "Allowed choices are full, innermost, none."],
  ])("%j: exit code 2", async (args, message) => {
    const { code, stdout, stderr } = await obmalloc(args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
  });
});

describe("the arguments of record", () => {
  /** What the full parser makes of them. */
  function parsedInFull(argv: readonly string[]): RecordRequest {
    const record = buildProgram().commands.find((command) => command.name() === "record")!;
    let request: RecordRequest | undefined;
    record.action((words: string[], flags: Parameters<typeof recordRequest>[1]) => {
      request = recordRequest(words, flags);
    });
    record.parse(argv, { from: "user" });
    return request!;
  }

  it.each([
    [["--", "python3", "app.py"]],
    [["python3", "app.py", "-o", "its own"]],
    [["-o", "a.obm", "python3"]],
    [["--output", "a.obm", "--quiet", "--", "python3", "-c", "print()"]],
    [["--output=a=b.obm", "-q", "python3"]],
    [["--stacks=innermost", "--follow-forks", "--", "python3", "--", "x"]],
    [["--stacks", "none", "python3"]],
    [["--no-stacks", "--", "--strange-name"]],
    [["--no-stacks", "--stacks", "full", "python3"]],
    [["--stacks", "innermost", "--no-stacks", "python3"]],
  ])("%j mean the same to both parsers", (argv) => {
    const request = parseRecordArguments(argv);
    expect(request).toBeDefined();
    expect(request).toEqual(parsedInFull(argv));
  });

  it.each([
    [["--help"]],
    [["-o"]],
    [["--stacks", "some", "python3"]],
    [["--nonsense", "python3"]],
    [["--"]],
    [[]],
  ])("%j are left to the full parser", (argv) => {
    expect(parseRecordArguments(argv)).toBeUndefined();
  });
});

describe("the arguments of verify and explain", () => {
  /** What the full parser makes of them. */
  function parsedInFull([name, ...argv]: readonly string[]): Pick<Question, "file" | "flags"> {
    const command = buildProgram().commands.find((one) => one.name() === name)!;
    let parsed: Pick<Question, "file" | "flags"> | undefined;
    command.action((file: string, flags: Question["flags"]) => {
      parsed = { file, flags: { ...flags } };
    });
    command.parse(argv, { from: "user" });
    return parsed!;
  }

  it.each([
    [["verify", "a.obm"]],
    [["verify", "--json", "a.obm"]],
    [["explain", "a.obm"]],
    [["explain", "a.obm", "--json", "--at", "after load"]],
    [["explain", "--stack", "--limit", "12", "a.obm"]],
    [["explain", "a.obm", "--limit", "3", "--limit", "4", "--at", "17", "--at", "end"]],
  ])("%j mean the same to both parsers", (argv) => {
    const { command, ...rest } = parseQuestion(argv)!;
    expect(command).toBe(argv[0]);
    expect(rest).toEqual(parsedInFull(argv));
  });

  it.each([
    [["pins", "a.obm"]],
    [["verify"]],
    [["verify", "a.obm", "b.obm"]],
    [["verify", "a.obm", "--at", "end"]],
    [["verify", "--help"]],
    [["explain", "--", "a.obm"]],
    [["explain", ""]],
    [["explain", "a.obm", "--at"]],
    [["explain", "a.obm", "--at", "--json"]],
    [["explain", "a.obm", "--limit", "none"]],
    [["explain", "a.obm", "--limit", "0"]],
    [["explain", "a.obm", "--html", "out.html"]],
    [["explain", "a.obm", "--remedies", "all"]],
    [["explain", "a.obm", "--nonsense"]],
    [[]],
  ])("%j are left to the full parser", (argv) => {
    expect(parseQuestion(argv)).toBeUndefined();
  });
});
