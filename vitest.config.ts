import { existsSync, readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

const here = (path: string) => new URL(path, import.meta.url);
const membersOf = (parent: string) => readdirSync(here(parent)).map((name) => `${parent}/${name}`);

const members = ["test-support", ...membersOf("packages"), ...membersOf("apps")]
  .filter((folder) => existsSync(here(`${folder}/package.json`)))
  .map((root) => ({
    root,
    name: JSON.parse(readFileSync(here(`${root}/package.json`), "utf8")).name as string,
  }));

// Workspace imports resolve to source: tests need no build.
const conditions = ["@obmalloc/source", "module", "node"];

/** A machine that does much else at the same time may be slow; what hangs still fails. */
const PATIENCE_MS = 60_000;

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: members.map(({ root, name }) => ({
      extends: true as const,
      root,
      test: {
        name,
        include: ["*.test.ts", "src/**/*.test.ts", "test/**/*.test.ts"],
        testTimeout: PATIENCE_MS,
      },
    })),
  },
});
