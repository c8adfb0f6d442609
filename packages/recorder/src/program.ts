// Looking at a request before anything is started, so that a mistake is one sentence and not a half-run program.

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, dirname, resolve } from "node:path";
import { OutputError, ProgramNotFoundError } from "./errors.ts";

/** @throws {ProgramNotFoundError} when `execvp` would not find `command` from `cwd`, or may not execute it. */
export function checkProgram(command: string, cwd: string, env: NodeJS.ProcessEnv): void {
  if (command === "") throw new ProgramNotFoundError("There is no program to record: its name is empty.");
  if (!isFolder(cwd))
    throw new ProgramNotFoundError(`The folder ${cwd}, to start the program in, does not exist.`);
  if (!command.includes("/")) {
    const folders = (env.PATH ?? "/usr/local/bin:/bin:/usr/bin").split(delimiter);
    if (folders.some((folder) => isExecutable(resolve(cwd, folder, command)))) return;
    throw new ProgramNotFoundError(`There is no program ${command} in PATH.`);
  }
  const path = resolve(cwd, command);
  if (isExecutable(path)) return;
  if (isFolder(path)) throw new ProgramNotFoundError(`${command} is a folder, not a program.`);
  throw new ProgramNotFoundError(
    exists(path) ? `${command} is not executable.` : `There is no program ${command}.`,
    exists(path) && path.endsWith(".py") ? { details: [`To run it with Python: python3 ${command}`] } : {},
  );
}

/** @throws {OutputError} when no trace can be written at `path`, as far as can be seen beforehand. */
export function checkOutput(path: string): void {
  if (isFolder(path)) throw new OutputError(`The trace cannot be written: ${path} is a folder.`);
  const folder = dirname(path);
  if (!isFolder(folder)) throw new OutputError(`The trace cannot be written: there is no folder ${folder}.`);
  const target = exists(path) ? path : folder;
  if (may(target, constants.W_OK)) return;
  throw new OutputError(`The trace cannot be written: no permission to write ${target}.`);
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

const exists = (path: string) => may(path, constants.F_OK);
const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
const isExecutable = (path: string) => may(path, constants.X_OK) && !isFolder(path);
