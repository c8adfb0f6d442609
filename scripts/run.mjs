// How every script here starts another program: tools come from the workspace, none of them calls home.
import { spawn } from "node:child_process";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** The folder of the workspace's own tools; its `node` is newer than the one a user has to bring. */
export const binFolder = join(root, "node_modules", ".bin");

const onWindows = process.platform === "win32";

function environment(withTools) {
  const env = {
    ...process.env,
    TURBO_TELEMETRY_DISABLED: "1",
    TURBO_NO_UPDATE_NOTIFIER: "1",
    DO_NOT_TRACK: "1",
  };
  // Some tools colour whatever they print as soon as CI is set.
  if (!process.stdout.isTTY && !env.FORCE_COLOR) env.NO_COLOR = "1";
  // `npm test --silent` must not silence the tools that npm test starts.
  delete env.npm_config_loglevel;
  const key = Object.keys(env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  const others = (env[key] ?? "").split(delimiter).filter((folder) => resolve(folder) !== binFolder);
  // Absolute, because a relative folder in PATH changes its meaning with each package that turbo enters.
  env[key] = [...(withTools ? [binFolder] : []), ...others].join(delimiter);
  return env;
}

/**
 * Runs a program in `cwd` (the root by default), with the workspace's tools before the user's unless told otherwise.
 * With `capture`, its two output streams come back as one text; otherwise they are the terminal's. Never throws: a
 * program that cannot be started has code 127.
 */
export function run(command, args, { capture = false, cwd = root, env = {}, withTools = true } = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...environment(withTools), ...env },
      shell: onWindows,
      stdio: capture ? ["ignore", "pipe", "pipe"] : "inherit",
    });
    const chunks = [];
    child.stdout?.on("data", (chunk) => chunks.push(chunk));
    child.stderr?.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => done({ code: 127, output: `${command}: ${error.message}\n` }));
    child.on("close", (code) => done({ code: code ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}

/** Ends this process with one sentence for the user. */
export function giveUp(sentence) {
  console.error(`obmalloc: ${sentence}`);
  process.exit(1);
}
