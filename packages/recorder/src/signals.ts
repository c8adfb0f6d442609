// The launcher stands between whoever sends signals and the program: it passes them on, and outlives the program.

import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";

const FORWARDED = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const;
/** Keys of a terminal, which reach every process of its foreground group by themselves. */
const FROM_KEYS: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT"]);

/** Passes signals on to the program from now on; gives a function that ends it. */
export function forwardSignals(program: () => ChildProcess | undefined): () => void {
  const listeners = FORWARDED.map((signal) => {
    const listener = () => {
      if (FROM_KEYS.has(signal) && isForeground()) return;
      program()?.kill(signal);
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const remove of listeners) remove();
  };
}

/** Whether this process's group has the terminal: what its keys send, the program gets too. */
function isForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    // pid (name) state ppid pgrp session tty_nr tpgid: the name may hold anything
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[4] !== "0" && fields[2] === fields[5];
  } catch {
    return false;
  }
}
