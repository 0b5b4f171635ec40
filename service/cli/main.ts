import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import type { ExitCode } from './errors.ts';
import { runCli } from './program.ts';

/** Runs a command line in this process: on its terminal, in its environment, until its signals. */
export async function runOnTerminal(args: readonly string[]): Promise<ExitCode> {
  const { stdin, stdout, stderr } = process;
  const end = new AbortController();
  const interrupt = () => end.abort();
  // A terminal that was closed sends SIGHUP; a pipe whose reader has left, EPIPE. Either ends a command between two
  // steps, as SIGINT does. A second signal ends the process at once, as `once` leaves the default in place.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupt);
  for (const stream of [stdout, stderr]) stream.on('error', interrupt);

  const interactive = stdin.isTTY && stderr.isTTY;
  return runCli(args, {
    environment: process.env,
    out: stdout,
    err: stderr,
    ask: interactive ? (question) => ask(question, end.signal) : undefined,
    readInput: () => text(stdin),
    signal: end.signal,
    nowMs: () => Date.now(),
    random: Math.random,
  });
}

async function ask(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question, { signal });
  } finally {
    terminal.close();
  }
}
