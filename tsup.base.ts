import { defineConfig } from "tsup";
import { keepConst } from "./tsup.keep-const.ts";

/** The build that every package shares: ES modules with declarations, dependencies left as imports. */
export const library = (entry: string[]) =>
  defineConfig({
    entry,
    format: "esm",
    target: "es2022",
    dts: true,
    sourcemap: true,
    clean: true,
    plugins: [keepConst],
  });
