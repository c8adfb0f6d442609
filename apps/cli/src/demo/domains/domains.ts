// `obmalloc demo domains`: three domains, one heap. Who serves which request, and what PYTHONMALLOC changes.

import { formatAddress } from "@obmalloc/abi";
import {
  createDomains,
  type DomainName,
  type Domains,
  domainNames,
  FatalStartError,
} from "@obmalloc/domains";
import { tableLines } from "../../shared/table.ts";
import type { DemoContext, DemoStep } from "../demo.ts";

const MAX_BYTES = 64 * 1024 * 1024;

export function* domainsDemo({ profile, look }: DemoContext): Generator<DemoStep> {
  const memory = createDomains({ profile, maxBytes: MAX_BYTES });
  const { smallRequestThreshold } = profile.pymalloc;

  yield {
    title: "Three domains, each with an allocator",
    text:
      "A C program asks CPython for memory in one of three domains. Raw goes to the C library; mem and obj, for buffers " +
      "and for objects, share pymalloc.",
    lines: tableLines(
      [{ heading: "domain" }, { heading: "functions" }, { heading: "allocator" }],
      domainNames.map((domain) => [domain, functionsOf(domain), memory.getAllocator(domain).name ?? ""]),
      look.colors,
    ),
  };

  const small = domainNames.map((domain): [string, number] => [
    `${domain}.malloc(64)`,
    memory[domain].malloc(64),
  ]);
  yield {
    title: "64 bytes from each",
    text: "Mem and obj give neighbours in one pool: pymalloc does not know which of the two asked.",
    lines: small.map(
      ([call, p]) => `${call.padEnd(18)} -> ${formatAddress(p).padEnd(9)} ${placeOf(memory, p)}`,
    ),
  };

  const large = smallRequestThreshold + 1;
  const before = memory.getAllocatedBlocks();
  const odd = ([large, 0] as const).map((size): [string, number] => [
    `obj.malloc(${size})`,
    memory.obj.malloc(size),
  ]);
  yield {
    title: `More than ${smallRequestThreshold} bytes, and none`,
    text: "Pools hold small blocks only: pymalloc passes these requests on to the raw domain, and counts them.",
    lines: [
      ...odd.map(([call, p]) => `${call.padEnd(18)} -> ${formatAddress(p).padEnd(9)} ${placeOf(memory, p)}`),
      `sys.getallocatedblocks(): ${before} before, ${memory.getAllocatedBlocks()} now`,
    ],
  };

  const limit = profile.model.ssizeLimit;
  yield {
    title: "Too much is refused before anybody is asked",
    text: "The largest size is PY_SSIZE_T_MAX: beyond it the domain answers NULL, and the allocator is not called.",
    lines: [
      `obj.c.malloc(2^${Math.log2(limit)})      -> ${nullOr(memory.obj.c.malloc(limit))}`,
      `obj.c.calloc(2^${Math.log2(limit) - 1}, 2)   -> ${nullOr(memory.obj.c.calloc(limit / 2, 2))}`,
    ],
  };

  const names = [...profile.domains.pythonMalloc.names].filter((name) => !name.endsWith("mimalloc_debug"));
  yield {
    title: `PYTHONMALLOC, as CPython ${profile.version} knows it`,
    text: "One variable changes all three. `debug` and the names that end in _debug put the debug hooks around.",
    lines: tableLines(
      ["PYTHONMALLOC", ...domainNames].map((heading) => ({ heading })),
      names.map((name) => [name, ...servedBy(name, profile)]),
      look.colors,
    ),
  };
}

function functionsOf(domain: DomainName): string {
  const prefix = { raw: "PyMem_Raw", mem: "PyMem_", obj: "PyObject_" }[domain];
  return `${prefix}Malloc, ${prefix}Calloc, ${prefix}Realloc, ${prefix}Free`;
}

function placeOf({ pymalloc, profile }: Domains, p: number): string {
  if (!pymalloc.addressInRange(p)) return "raw heap";
  const { poolBytes } = profile.pymalloc;
  return `pool ${formatAddress(p - (p % poolBytes))}, a block of ${pymalloc.blockSizeBytes(p as never)} bytes`;
}

function nullOr(p: number): string {
  return p === 0 ? "NULL" : formatAddress(p);
}

function servedBy(PYTHONMALLOC: string, profile: DemoContext["profile"]): string[] {
  try {
    const memory = createDomains({ profile, maxBytes: MAX_BYTES, environment: { PYTHONMALLOC } });
    return domainNames.map((domain) => {
      const [top, below] = memory.inspect().allocators[domain];
      return below === undefined ? top! : `hooks, ${below}`;
    });
  } catch (error) {
    if (!(error instanceof FatalStartError)) throw error;
    return ["refused: not in this package", "", ""];
  }
}
