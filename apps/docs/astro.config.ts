// The site: Starlight's pages, the engine from its source, no request to anywhere else.

import starlight from "@astrojs/starlight";
import { defineConfig, passthroughImageService } from "astro/config";
import { contentSecurityPolicy } from "./build/content-security-policy.ts";
import { sidebar } from "./build/sidebar.ts";

/** The packages from their source, in the browser as well as where pages are made. */
const fromSource = {
  name: "from-source",
  configEnvironment: (_name: string, { consumer }: { consumer?: string }) => ({
    resolve: {
      conditions: [
        "@obmalloc/source",
        "module",
        consumer === "client" ? "browser" : "node",
        "development|production",
      ],
    },
  }),
};

export default defineConfig({
  image: { service: passthroughImageService() },
  devToolbar: { enabled: false },
  vite: { plugins: [fromSource] },
  integrations: [
    starlight({
      title: "obmalloc",
      description: "CPython's memory manager, rebuilt: the heap on the page is the real one.",
      customCss: ["./src/styles/site.css"],
      sidebar,
      pagination: true,
      credits: false,
      components: { Head: "./src/components/Head.astro" },
    }),
    contentSecurityPolicy(),
  ],
});
