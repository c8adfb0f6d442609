import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { policyFor, withoutEmptyHeadings, withPolicy } from "../build/content-security-policy.ts";

const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

it("names inline scripts, styles and style attributes by their hash, and nothing that a page does not hold", () => {
  const html = `<head><script type="module" src="/a.js"></script><script>go("&")</script><style>a{}</style></head><p style="--x: &quot;1&quot;">`;
  const policy = policyFor(html);
  const directive = (name: string) =>
    policy
      .split("; ")
      .find((one) => one.startsWith(`${name} `))
      ?.split(" ")
      .slice(1);
  expect(directive("script-src")).toEqual(["'self'", "'wasm-unsafe-eval'", hash('go("&")')]);
  expect(directive("style-src")).toEqual(["'self'", "'unsafe-hashes'", hash("a{}"), hash('--x: "1"')]);
  expect(directive("default-src")).toEqual(["'none'"]);
  expect(policy).not.toContain("unsafe-inline");
});

it("stands in front of everything else in the head", () => {
  expect(withPolicy("<html><head><title>t</title></head></html>")).toMatch(
    /<head><meta http-equiv="Content-Security-Policy" content="[^"]+"><title>/,
  );
});

it("a heading without text becomes a cell, others stay", () => {
  expect(withoutEmptyHeadings('<tr><th></th><th class="a">b</th></tr>')).toBe(
    '<tr><td></td><th class="a">b</th></tr>',
  );
});

it("lets a page that is given a file ask for nothing", () => {
  const policy = policyFor("<body><trace-drop></trace-drop></body>");
  expect(policy).toContain("connect-src 'none'");
  expect(policy).toContain("worker-src 'self' blob:");
  expect(policyFor("<body></body>")).toContain("connect-src 'self'; worker-src 'self'");
});
