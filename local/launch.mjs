/**
 * Runs this repository's programs on the Node that it brings, after installing what is missing. Uses Node built-ins
 * only, and runs on every Node from 20 on, as it is what a newcomer's own Node meets first.
 *
 *     node local/launch.mjs service/main.ts [ARGUMENT ...]     a program of ours
 *     node local/launch.mjs --tools biome ci .                 a tool of node_modules
 *     node local/launch.mjs --in infra main.ts                 a program of a package in a folder, with its own node_modules
 *     node local/launch.mjs --in infra --if-installed --tools tsc --noEmit
 *                                                              the same, but only where the folder has its packages
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const windows = process.platform === 'win32';
/** Oldest Node that runs the TypeScript here as it is, with everything of the standard library that is used. */
const NODE_MAJOR_MIN = 24;

/** Standard output belongs to the program that is launched; whatever happens before it is told on standard error. */
function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}

/** Runs npm, the one that runs us if there is one; its output goes to standard error. */
function npm(folder, ...args) {
  const script = process.env.npm_execpath;
  const [command, ...first] = script?.endsWith('.js') ? [process.execPath, script] : ['npm'];
  const result = spawnSync(command, [...first, ...args], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    shell: windows && !script,
  });
  return result.status === 0;
}

/** Installs a folder's packages when they are missing or of another lock file. */
function install(folder) {
  const stamp = join(folder, 'node_modules', '.installed-from');
  const wanted = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say(`Installing the packages of ${folder} (once; a minute or so) ...`);
  if (!npm(folder, 'ci', '--no-audit', '--no-fund', '--loglevel=error')) {
    fail(`npm ci failed in ${folder}; its message stands above.`);
  }
  writeFileSync(stamp, wanted);
}

function runs(node) {
  return existsSync(node) && spawnSync(node, ['--version']).status === 0;
}

/**
 * The Node to run with: the one that the `node` package's install script put in place; where npm runs no install
 * scripts, the platform's binary package of the same version; else the host's own, if it is young enough.
 */
function findNode() {
  const file = windows ? 'node.exe' : 'node';
  const installed = join(root, 'node_modules', 'node', 'bin', file);
  if (runs(installed)) return installed;

  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', 'node', 'package.json'), 'utf8'));
  const name = `node-${windows ? 'win' : process.platform}-${process.arch}`;
  const home = join(root, '.local', `node-${version}`);
  const own = join(home, 'node_modules', name, 'bin', file);
  if (runs(own)) return own;
  say(`Installing Node ${version} for ${process.platform}-${process.arch} (once) ...`);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), '{"private":true}');
  if (npm(home, 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${version}`)) {
    if (runs(own)) return own;
  }
  rmSync(home, { recursive: true, force: true });

  const major = Number(process.versions.node.split('.')[0]);
  if (major >= NODE_MAJOR_MIN) return process.execPath;
  return fail(
    `Node ${version} could not be installed, and Node ${process.versions.node} is older than ${NODE_MAJOR_MIN}. ` +
      `Install Node ${NODE_MAJOR_MIN} or newer and run this again.`,
  );
}

const args = process.argv.slice(2);
const packaged = args[0] === '--in';
const folder = packaged ? join(root, args[1]) : root;
if (packaged) args.splice(0, 2);
const onlyIfInstalled = args[0] === '--if-installed';
if (onlyIfInstalled) args.shift();
const tool = args[0] === '--tools' ? args[1] : undefined;
if (args.length === 0) {
  const usage = 'usage: node local/launch.mjs [--in FOLDER [--if-installed]]';
  fail(`${usage} PROGRAM.ts [ARGUMENT ...] | --tools TOOL [ARGUMENT ...]`);
}
if (onlyIfInstalled && !existsSync(join(folder, 'node_modules'))) {
  say(`${folder}: its packages are not installed; left out: ${args.join(' ')}`);
  process.exit(0);
}

install(root);
if (packaged) install(folder);
const node = findNode();
const bins = [folder, root].map((place) => join(place, 'node_modules', '.bin'));
const toolFile = windows ? `${tool}.cmd` : tool;
// A package in a folder may lean on the root's tools.
const toolPlace = bins.find((place) => existsSync(join(place, toolFile ?? ''))) ?? bins[0];
const [command, ...rest] = tool
  ? [join(toolPlace, toolFile), ...args.slice(2)]
  : [node, join(folder, args[0]), ...args.slice(1)];
const child = spawn(command, rest, {
  cwd: folder,
  stdio: 'inherit',
  shell: Boolean(tool) && windows,
  env: { ...process.env, PATH: [join(node, '..'), ...bins, process.env.PATH].join(delimiter) },
});
// A terminal sends its signals to the whole group; a supervisor only to us. The program gets either one once: on a
// terminal it has it already.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
process.on('SIGINT', () => {
  if (!process.stdin.isTTY) child.kill('SIGINT');
});
child.on('error', (error) => fail(`${command} could not be started: ${error.message}`));
child.on('exit', (code, signal) => process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)));
