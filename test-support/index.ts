export { cc, type Python, pythons } from "./pythons.ts";
