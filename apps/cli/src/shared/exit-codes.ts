// The exit codes of every command; README.md and --help name the same.

export const ExitCode = {
  ok: 0,
  /** The replay is not exact, or the trace is damaged. */
  notExact: 1,
  /** A mistake in the command, a file that is no trace, a question that this trace cannot answer. */
  usage: 2,
  /** `record`: the program ended well, but there is no recording of it. */
  nothingRecorded: 3,
  /** A mistake in obmalloc itself (EX_SOFTWARE of sysexits.h). */
  bug: 70,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
