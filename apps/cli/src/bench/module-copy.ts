// Copies of modules, so that two allocators that run the same code in one process do not share what V8 learns about it.
//
// A class that serves two masters sees more than one kind of everything, and V8 makes slower code for it. A module that
// is imported under another URL is evaluated again, with functions of its own; the hook below hands the mark that makes
// the URL another one on to everything that the copy imports.

import { register } from "node:module";

const MARK = "copy";

/** Runs in a thread of Node's own, hence as text. */
const HOOK = `export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  const parent = context.parentURL && new URL(context.parentURL);
  const mark = parent && parent.searchParams.get(${JSON.stringify(MARK)});
  if (!mark || !resolved.url.startsWith("file:")) return resolved;
  const url = new URL(resolved.url);
  url.searchParams.set(${JSON.stringify(MARK)}, mark);
  return { ...resolved, url: url.href };
}`;

let copies = 0;

/** Imports a module, and all that it imports, as if nobody had imported them before. @param url of a file. */
export async function importCopy<Exports>(url: string): Promise<Exports> {
  if (copies === 0) register(`data:text/javascript,${encodeURIComponent(HOOK)}`);
  const copy = new URL(url);
  copy.searchParams.set(MARK, String(++copies));
  return await import(copy.href);
}
