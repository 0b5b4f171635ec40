import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** A headless Chromium by its DevTools protocol, over a pipe: as much of both as a test of one page needs. */
export interface Browser extends AsyncDisposable {
  /** Opens a page; what goes wrong in it is in its `complaints`. */
  open(url: string): Promise<Page>;
}

export interface Page {
  /** Errors of the console, exceptions, and violations of the content security policy, as they come. */
  readonly complaints: readonly string[];
  /** The value of an expression in the page; promises are waited for. */
  evaluate<T>(expression: string): Promise<T>;
  /** Sends a command of the protocol to the page. */
  send(method: string, params?: object): Promise<Record<string, unknown>>;
  /** Loads the page anew, and waits until it is loaded. */
  reload(): Promise<void>;
  /** A PNG of the whole page. */
  screenshot(): Promise<Buffer>;
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The command of a Chromium on this machine. */
export function findChromium(): string | undefined {
  return NAMES.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
}

export async function startBrowser(command: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'log-distributor-browser-'));
  const child = spawn(
    command,
    [
      '--headless=new',
      '--remote-debugging-pipe',
      // Tests run as root in containers, where Chromium's sandbox does not start; the page under test is our own.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--hide-scrollbars',
      `--user-data-dir=${profile}`,
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const connection = connect(child);
  return {
    async open(url) {
      const { targetId } = await connection.send('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await connection.send('Target.attachToTarget', { targetId, flatten: true });
      return openPage(connection, String(sessionId), url);
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      connection.send('Browser.close', {}).catch(() => child.kill('SIGKILL'));
      await ended;
      process.off('exit', endWithUs);
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface ProtocolEvent {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

interface Connection {
  send(method: string, params: object, sessionId?: string): Promise<Record<string, unknown>>;
  listen(sessionId: string, listener: (event: ProtocolEvent) => void): void;
}

/** Messages are JSON, each ended by a zero byte, on the child's descriptors 3 and 4. */
function connect(child: ChildProcess): Connection {
  const to = child.stdio[3] as Writable;
  const from = child.stdio[4] as Readable;
  const waiting = new Map<number, { resolve(result: Record<string, unknown>): void; reject(error: Error): void }>();
  const listeners = new Map<string, (event: ProtocolEvent) => void>();
  let ids = 0;
  let rest = '';

  const hear = (text: string) => {
    const message = JSON.parse(text);
    if (message.id === undefined) return listeners.get(message.sessionId)?.(message);
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error) call?.reject(new Error(`DevTools: ${message.error.message}`));
    else call?.resolve(message.result);
  };
  from.setEncoding('utf8');
  from.on('data', (piece: string) => {
    const parts = (rest + piece).split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) hear(part);
  });
  const fail = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  to.on('error', fail);
  child.once('error', fail);
  child.once('exit', (status) => fail(new Error(`Chromium ended with status ${status}`)));

  return {
    send(method, params, sessionId) {
      const id = ++ids;
      const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
      waiting.set(id, { resolve, reject });
      to.write(`${JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) })}\0`);
      return promise;
    },
    listen: (sessionId, listener) => listeners.set(sessionId, listener),
  };
}

async function openPage(connection: Connection, sessionId: string, url: string): Promise<Page> {
  const complaints: string[] = [];
  const send = (method: string, params: object = {}) => connection.send(method, params, sessionId);
  let loaded = Promise.withResolvers<void>();
  connection.listen(sessionId, ({ method, params }) => {
    if (method === 'Page.loadEventFired') loaded.resolve();
    const complaint = COMPLAINTS[method]?.(params);
    if (complaint !== undefined) complaints.push(complaint);
  });
  for (const domain of ['Page', 'Runtime', 'Log', 'Audits']) await send(`${domain}.enable`);
  await send('Page.navigate', { url });
  await loaded.promise;
  return {
    complaints,
    send,
    async evaluate<T>(expression: string) {
      const answer = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
      const { result, exceptionDetails } = answer as { result: { value: T }; exceptionDetails?: object };
      if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
      return result.value;
    },
    async reload() {
      loaded = Promise.withResolvers();
      await send('Page.reload');
      await loaded.promise;
    },
    async screenshot() {
      const { data } = await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true });
      return Buffer.from(String(data), 'base64');
    },
  };
}

/** What of the protocol's events is a complaint, as text. */
const COMPLAINTS: Readonly<Record<string, (params: ProtocolEvent['params']) => string | undefined>> = {
  'Log.entryAdded': ({ entry }) => {
    const { level, text } = entry as { level: string; text: string };
    return level === 'error' ? text : undefined;
  },
  'Runtime.consoleAPICalled': ({ type, args }) => (type === 'error' ? JSON.stringify(args) : undefined),
  'Runtime.exceptionThrown': ({ exceptionDetails }) => JSON.stringify(exceptionDetails),
  'Audits.issueAdded': ({ issue }) => {
    const { code, details } = issue as { code: string; details: object };
    return code === 'ContentSecurityPolicyIssue' ? JSON.stringify(details) : undefined;
  },
};
