// When the program itself begins: an interpreter that starts makes tens of thousands of allocations before, which say nothing of it.

import type { Tables } from "@obmalloc/trace";
import { isLibraryFile } from "../answer/user-frame.ts";

/**
 * The first stack of the program's own; stacks count in the order in which they were seen. Its outermost line is not the
 * library's; with `python -m`, where that is runpy's, a module that is not the library's runs. Beyond all stacks where there is none.
 */
export function firstProgramStack({ nodeParent, nodeCode, codes }: Tables): number {
  const isOwn = codes.map((code) => !isLibraryFile(code.file));
  const isModule = codes.map(
    (code, id) => isOwn[id]! && code.name === "<module>" && !code.file.startsWith("<"),
  );
  let module = nodeCode.length;
  for (let node = 1; node < nodeCode.length; node++) {
    const code = nodeCode.at(node);
    if (nodeParent.at(node) === 0 && isOwn[code]) return node;
    if (isModule[code]) module = Math.min(module, node);
  }
  return module;
}
