// Finds Chromium, or fetches it where continuous integration runs.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

const CANDIDATES = [
  process.env.CHROMIUM ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const present = () => CANDIDATES.find((path) => path !== "" && existsSync(path));

/** The path of a Chromium, or why there is none. */
export function findChromium(): { readonly path: string } | { readonly reason: string } {
  const found = present();
  if (found !== undefined) return { path: found };
  if (!process.env.CI) return { reason: "no Chromium: install Debian's chromium, or set CHROMIUM to one" };
  try {
    const prefix = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
    const [command, ...args] = [...prefix, "apt-get", "install", "-y", "--no-install-recommends", "chromium"];
    execFileSync(command!, args, { stdio: "ignore", timeout: 300_000 });
  } catch (error) {
    return {
      reason: `no Chromium, and apt-get cannot install it: ${(error as Error).message.split("\n")[0]}`,
    };
  }
  const installed = present();
  return installed === undefined
    ? { reason: "no Chromium, not even after installing it" }
    : { path: installed };
}
