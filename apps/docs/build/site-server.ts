// Serves the built site from this machine. The headers say what a page cannot say of itself.

import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const siteFolder = fileURLToPath(new URL("../dist/", import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const HEADERS = {
  "Content-Security-Policy": "frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
};

/** The file that a path names; undefined when it names none inside of the site. */
function fileOf(path: string): string | undefined {
  const file = join(siteFolder, normalize(path));
  if (!file.startsWith(siteFolder.replace(/[\\/]$/, "") + sep)) return undefined;
  if (!existsSync(file)) return undefined;
  if (!statSync(file).isDirectory()) return file;
  const index = join(file, "index.html");
  return existsSync(index) ? index : undefined;
}

function decoded(url: string): string | undefined {
  try {
    return decodeURIComponent(new URL(url, "http://localhost").pathname);
  } catch {
    return undefined;
  }
}

/** Starts to serve on `port`, on this machine only; 0 takes a free one. */
export function serveSite(port: number): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    const path = decoded(request.url ?? "/");
    const found = path === undefined ? undefined : fileOf(path);
    const file = found ?? join(siteFolder, "404.html");
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(found === undefined ? 404 : 200, { ...HEADERS, "Content-Type": type });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const actual = typeof address === "object" && address !== null ? address.port : port;
      resolve({ server, url: `http://localhost:${actual}/` });
    });
  });
}
