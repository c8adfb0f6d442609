// The site: Starlight's pages, the engine from its source, no request to anywhere else.

import starlight from "@astrojs/starlight";
import { defineConfig, passthroughImageService } from "astro/config";
import { contentSecurityPolicy } from "./build/content-security-policy.ts";
import { sidebar } from "./build/sidebar.ts";

const SOURCE = "@obmalloc/source";

export default defineConfig({
  image: { service: passthroughImageService() },
  devToolbar: { enabled: false },
  vite: {
    resolve: { conditions: [SOURCE, "module", "browser", "development|production"] },
    ssr: { resolve: { conditions: [SOURCE, "module", "node", "development|production"] } },
  },
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
