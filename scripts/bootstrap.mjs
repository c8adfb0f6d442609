// `node scripts/bootstrap.mjs [--build] COMMAND ARGS…` sets the workspace up on a machine that has only Node 20 and
// npm, builds if asked, then runs the command with the workspace's tools. It has no dependency, and does no work twice.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { binFolder, giveUp, root, run } from "./run.mjs";

const OLDEST_NODE = 20;
const OLDEST_NODE_FOR_TOOLS = [22, 18];
const stampFile = join(root, "node_modules", ".obmalloc-setup");

const read = (path) => readFileSync(join(root, path));
const list = (folder) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)).sort() : []);
const pnpmVersion = JSON.parse(read("package.json")).packageManager;

/** Changes when another install is needed: lock file, settings, manifests, patches, or another platform. */
function fingerprint() {
  const members = ["packages", "apps"].flatMap((parent) => list(parent).map((name) => `${parent}/${name}`));
  const manifests = ["", ...members, "test-support"].map((folder) => join(folder, "package.json"));
  const patches = list("patches").map((name) => `patches/${name}`);
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}`);
  for (const path of ["pnpm-lock.yaml", "pnpm-workspace.yaml", ...manifests, ...patches]) {
    if (existsSync(join(root, path))) hash.update(path).update(read(path));
  }
  return hash.digest("hex");
}

const isInstalled = (wanted) => existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted;

/** What went wrong, in one sentence; undefined when only the installer's own messages can tell. */
function reasonOf(output) {
  if (/npx: .*ENOENT/.test(output)) return "npx was not found; install npm 10 or newer, which brings it.";
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|META_FETCH_FAIL|ENOTCACHED/.test(
      output,
    )
  )
    return "the package registry cannot be reached, from which the first set-up downloads the tools.";
  if (/self.signed certificate|UNABLE_TO_(?:GET|VERIFY)/i.test(output))
    return "the package registry's certificate is not trusted; name your certificates in NODE_EXTRA_CA_CERTS.";
  if (/ERR_PNPM_OUTDATED_LOCKFILE/.test(output))
    return `pnpm-lock.yaml does not match the package manifests; run npx --yes ${pnpmVersion} install and commit the lock file.`;
  if (/ENOSPC/.test(output)) return "the disk is full; the tools need about 500 MB.";
  return undefined;
}

async function install() {
  const wanted = fingerprint();
  if (isInstalled(wanted)) return;
  await withLock(async () => {
    if (isInstalled(wanted)) return; // the process we waited for did it
    const startedAt = Date.now();
    console.error("obmalloc: setting up (the first time downloads the tools)");
    rmSync(stampFile, { force: true });
    const options = ["--frozen-lockfile", "--prefer-offline", "--reporter=append-only"];
    const args = ["--yes", pnpmVersion, "--dir", root, "install", ...options];
    // Without a network, say so after seconds instead of minutes.
    const env = { npm_config_fetch_retry_mintimeout: "1000", npm_config_fetch_retry_maxtimeout: "4000" };
    // From another folder and without our tools, so that npx does not run on the Node that it may be replacing.
    const { code, output } = await run("npx", args, { capture: true, env, cwd: tmpdir(), withTools: false });
    if (code !== 0) {
      const reason = reasonOf(output);
      if (reason === undefined) process.stderr.write(output);
      throw new Error(reason ?? `installing the tools with ${pnpmVersion} failed; its messages are above.`);
    }
    mkdirSync(join(root, "node_modules"), { recursive: true });
    writeFileSync(stampFile, wanted);
    console.error(`obmalloc: set up in ${((Date.now() - startedAt) / 1000).toFixed(0)} s`);
  });
}

/** The tools need a newer Node than our packages do; where no binary is installed for a platform, the user brings it. */
function checkNodeForTools() {
  if (existsSync(join(binFolder, "node"))) return;
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [needMajor, needMinor] = OLDEST_NODE_FOR_TOOLS;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  giveUp(
    `on ${process.platform}-${process.arch} this workspace needs Node ${needMajor}.${needMinor} or newer.`,
  );
}

async function build() {
  const args = ["run", "build", "--ui=stream", "--output-logs=errors-only"];
  const { code, output } = await withLock(() => run("turbo", args, { capture: true }));
  if (code === 0) return;
  process.stderr.write(output);
  throw new Error("the build failed; its messages are above.");
}

if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE)
  giveUp(`Node ${OLDEST_NODE} or newer is needed, this is ${process.version}.`);

const wantsBuild = process.argv[2] === "--build";
const [command, ...args] = process.argv.slice(wantsBuild ? 3 : 2);
try {
  await install();
  checkNodeForTools();
  if (wantsBuild) await build();
} catch (error) {
  giveUp(error.message);
}
// npm puts node_modules/.bin first in PATH, so this may already run on the workspace's own Node; npm itself does not.
const env = { WORKSPACE_USER_NODE: process.env.npm_node_execpath ?? process.execPath };
process.exitCode = (await run(command, args, { env })).code;
