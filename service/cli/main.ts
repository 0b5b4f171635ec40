import { constants } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { withRegion } from '../aws/region.ts';
import { EXIT_DONE, EXIT_TROUBLE } from './errors.ts';
import { runCli } from './program.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** What shells add to the number of a signal that ended a program. */
const EXIT_SIGNAL = 128;

/**
 * Runs a command line in this process: on its terminal, in its environment, until its signals.
 * @returns the exit status: that of the command; 128 and the signal's number when a signal has interrupted it; 1 when its
 * output was lost
 */
export async function runOnTerminal(args: readonly string[], version: string): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const end = new AbortController();
  let signalled: NodeJS.Signals | undefined;
  let lost: NodeJS.ErrnoException | undefined;
  // A terminal that was closed sends SIGHUP; a pipe whose reader has left, EPIPE. Either ends a command between two
  // steps, as SIGINT does. A second signal ends the process at once, as `once` leaves the default in place.
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      signalled ??= signal;
      end.abort();
    });
  }
  stderr.on('error', () => end.abort());
  stdout.on('error', (error) => {
    lost ??= error;
    end.abort();
  });

  const interactive = stdin.isTTY && stderr.isTTY;
  const { environment, regionFrom } = await withRegion(process.env);
  const exitCode = await runCli(args, {
    version,
    environment,
    regionFrom,
    out: stdout,
    err: stderr,
    ask: interactive ? (question) => ask(question, end.signal) : undefined,
    readInput: () => text(stdin),
    signal: end.signal,
    nowMs: () => Date.now(),
    random: Math.random,
  });
  if (signalled && exitCode !== EXIT_DONE) return EXIT_SIGNAL + constants.signals[signalled];
  await flushed(stdout);
  if (lost === undefined) return exitCode;
  // A reader that has left has what it wanted; it is no news to whoever sits at the terminal.
  if (lost.code !== 'EPIPE') stderr.write(`log-distributor: the output could not be written (${lost.code})\n`);
  return exitCode === EXIT_DONE ? EXIT_TROUBLE : exitCode;
}

/** Resolves once all that was written has gone out, or cannot; errors are the stream's to report. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => setImmediate(resolve));
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
