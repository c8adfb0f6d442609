// The page of the command line: what the command itself prints when it is asked for help.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { pageText } from "./page.ts";
import { commandLineSlug, root } from "./repository.ts";

interface Help {
  readonly words: readonly string[];
  readonly text: string;
}

const execute = promisify(execFile);

async function helpOf(words: readonly string[]): Promise<Help> {
  const args = [join(root, "apps/cli/bin/obmalloc.js"), ...words, "--help"];
  const env = { ...process.env, COLUMNS: "80", NO_COLOR: "1" };
  const { stdout } = await execute(process.execPath, args, { env });
  return { words, text: stdout.trimEnd() };
}

/** Names below "Commands:" of a help, without the one that prints help. */
export function commandsIn(help: string): string[] {
  const list = /^Commands:\n((?: {2}.*\n?)+)/m.exec(help)?.[1] ?? "";
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)]
    .map(([, name]) => name!)
    .filter((name) => name !== "help");
}

/** The help of a command, and of all below it. */
async function helpsBelow(words: readonly string[]): Promise<Help[]> {
  const help = await helpOf(words);
  const below = await Promise.all(commandsIn(help.text).map((name) => helpsBelow([...words, name])));
  return [help, ...below.flat()];
}

export async function commandLinePage(): Promise<string> {
  const helps = await helpsBelow([]);
  const sections = helps.map(({ words, text }) => {
    const heading = words.length === 0 ? "" : `## ${words.join(" ")}\n\n`;
    return `${heading}\`\`\`text\n${text}\n\`\`\`\n`;
  });
  const introduction =
    "This is the help that each command prints, taken from the command when this site was built. The [Python guide](/python/memory-that-stays/) shows what they answer.";
  return pageText(
    {
      title: "Command line",
      description: "obmalloc and its commands, in their own words.",
      slug: commandLineSlug,
    },
    `${introduction}\n\n${sections.join("\n")}`,
  );
}
