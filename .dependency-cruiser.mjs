// No import cycle, inside a package or through several, type imports included.
export default {
  forbidden: [
    { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
    // An import that does not resolve would hide a cycle.
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    // By its realpath a workspace package is not below node_modules, so imports by package name are followed.
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/(dist|native|\\.astro)/|/tsup\\.config\\.ts$|^apps/cli/bin/" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@obmalloc/source", "import", "node", "default", "types"],
    },
  },
};
