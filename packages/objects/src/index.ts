export * from "./objects.ts";
