import { existsSync, readdirSync } from "node:fs";
import { defineConfig } from "vitest/config";

const folders = ["packages", "apps"].flatMap((parent) =>
  readdirSync(new URL(parent, import.meta.url)).map((name) => `${parent}/${name}`),
);

export default defineConfig({
  // Workspace imports resolve to source: tests need no build.
  resolve: { conditions: ["@obmalloc/source", "module", "node"] },
  ssr: { resolve: { conditions: ["@obmalloc/source", "module", "node"] } },
  test: {
    projects: folders
      .filter((folder) => existsSync(new URL(`${folder}/package.json`, import.meta.url)))
      .map((root) => ({
        extends: true as const,
        root,
        test: { include: ["src/**/*.test.ts", "test/**/*.test.ts"] },
      })),
  },
});
