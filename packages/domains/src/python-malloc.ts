// PYTHONMALLOC: which allocators the domains are born with.

import type { Profile } from "@obmalloc/abi";
import { FatalStartError } from "./errors.ts";
import { startErrorText } from "./fatal-text.ts";

/** What a name stands for. */
export interface AllocatorChoice {
  /** Behind the mem and obj domains; the raw domain is always the raw heap. */
  readonly objects: "pymalloc" | "malloc";
  readonly debugHooks: boolean;
}

const CHOICES: Readonly<Record<string, AllocatorChoice>> = {
  default: { objects: "pymalloc", debugHooks: false },
  debug: { objects: "pymalloc", debugHooks: true },
  pymalloc: { objects: "pymalloc", debugHooks: false },
  pymalloc_debug: { objects: "pymalloc", debugHooks: true },
  malloc: { objects: "malloc", debugHooks: false },
  malloc_debug: { objects: "malloc", debugHooks: true },
};

/**
 * What the variable `PYTHONMALLOC` asks for; empty is the same as `default`.
 *
 * @throws {FatalStartError} with the words of this version, when it does not know the name; also for `mimalloc`, which
 * versions from 3.13 on know and this package does not have.
 * @see CPython 3.13 Objects/obmalloc.c, _PyMem_GetAllocatorName; Python/preconfig.c, preconfig_init_allocator
 */
export function allocatorChoice(name: string, profile: Profile): AllocatorChoice {
  const asked = name === "" ? "default" : name;
  if (Object.hasOwn(CHOICES, asked)) return CHOICES[asked]!;
  const { names, refusedBy, refusal, refusedWhile } = profile.domains.pythonMalloc;
  const isMimalloc = names.includes(name);
  throw new FatalStartError(startErrorText(profile, refusedBy, refusal, refusedWhile), {
    details: isMimalloc
      ? [
          `CPython ${profile.version} knows ${name}; this package has no mimalloc. A CPython built without it says the same.`,
        ]
      : [`PYTHONMALLOC=${name}. CPython ${profile.version} knows: ${names.join(", ")}.`],
  });
}
