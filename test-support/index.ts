export * from "./pythons.ts";
