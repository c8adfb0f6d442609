// Runs the example of a package's README, so that it stays true.
import { readFileSync } from "node:fs";

/**
 * Runs the code under "In ten lines" of the README at `url`.
 *
 * @param modules what its imports give, by the name they import from.
 * @param section in which it stands, at its beginning.
 * @returns the lines that it printed, and those that the comments behind its `console.log`s promise.
 */
export function runReadme(
  url: URL,
  modules: Readonly<Record<string, unknown>>,
  section = "In ten lines",
): { printed: string[]; promised: string[] } {
  const code = readFileSync(url, "utf8").split(`## ${section}\n\n\`\`\`ts\n`)[1]?.split("```")[0];
  if (code === undefined) throw new Error(`${url.pathname} has no example under "${section}".`);
  return runCode(code, modules);
}

/** Runs every TypeScript snippet of the page at `url`, each by itself; otherwise as {@link runReadme}. */
export function runSnippets(
  url: URL,
  modules: Readonly<Record<string, unknown>>,
): { printed: string[]; promised: string[] }[] {
  const text = readFileSync(url, "utf8");
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => runCode(code!, modules));
}

function runCode(code: string, modules: Readonly<Record<string, unknown>>) {
  const body = code.replace(/^import (\{[^}]*\}) from "(.*)";$/gm, 'const $1 = modules["$2"];');
  const printed: string[] = [];
  const log = (...values: unknown[]) => printed.push(values.join(" "));
  new Function("modules", "console", body)(modules, { log });
  const promised = [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map((line) => line[1]!);
  return { printed, promised };
}
