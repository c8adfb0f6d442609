// All that the bench knows by name. Another allocator is one more file here, and a line in this list.

import type { Candidate } from "../entrant.ts";
import { dlmalloc } from "./dlmalloc.ts";
import { domainsCandidates } from "./domains.ts";
import { mimalloc } from "./mimalloc.ts";
import { glibc, nativePymalloc } from "./native.ts";
import { pymalloc } from "./pymalloc.ts";
import { rawHeap, rawHeapPolicies, rawHeapShared } from "./raw-heap.ts";
import { thing } from "./thing.ts";
import { tlsf } from "./tlsf.ts";

/** In the order of the tables. */
export const candidates: readonly Candidate[] = [
  pymalloc,
  rawHeap,
  dlmalloc,
  mimalloc,
  tlsf,
  thing,
  glibc,
  nativePymalloc(11),
  nativePymalloc(13),
  ...rawHeapPolicies,
  rawHeapShared,
  ...domainsCandidates,
];
