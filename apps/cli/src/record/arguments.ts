// The arguments of `obmalloc record`, read without a library. Whatever is unusual (help, a mistake) is left to the
// full parser in program.ts, which knows the same options; a test holds the two together.

export const DEFAULT_OUTPUT = "obmalloc.obm";
export const STACK_MODES = ["full", "innermost", "none"] as const;
export type StackMode = (typeof STACK_MODES)[number];

export interface RecordRequest {
  readonly output: string;
  readonly stacks: StackMode;
  readonly followForks: boolean;
  readonly quiet: boolean;
  readonly command: string;
  readonly args: readonly string[];
}

const isStackMode = (text: string | undefined): text is StackMode =>
  (STACK_MODES as readonly (string | undefined)[]).includes(text);

/** The request that `argv`, all after the word `record`, makes; undefined for the full parser to look at. */
export function parseRecordArguments(argv: readonly string[]): RecordRequest | undefined {
  let output: string | undefined = DEFAULT_OUTPUT;
  let stacks: string | undefined = "full";
  let followForks = false;
  let quiet = false;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    const long = /^--(output|stacks)=(.*)$/s.exec(argument);
    if (argument === "--follow-forks") followForks = true;
    else if (argument === "--quiet" || argument === "-q") quiet = true;
    else if (argument === "--no-stacks") stacks = "none";
    else if (argument === "-o" || argument === "--output") output = argv[++i];
    else if (argument === "--stacks") stacks = argv[++i];
    else if (long?.[1] === "output") output = long[2];
    else if (long?.[1] === "stacks") stacks = long[2];
    else {
      const program = argument === "--" ? argv.slice(i + 1) : argument.startsWith("-") ? [] : argv.slice(i);
      const [command, ...args] = program;
      if (command === undefined || output === undefined || output === "" || !isStackMode(stacks))
        return undefined;
      return { output, stacks, followForks, quiet, command, args };
    }
  }
  return undefined;
}
