import type { Command } from 'commander';
import { createProgram } from '../../service/cli/program.ts';
import { createSession } from '../../service/cli/session.ts';

const COLUMNS = 100;

/** The page of the command line: what `--help` says of every command. */
export function commandPage(): string {
  return [
    '# Command line',
    '',
    '`log-distributor` is the same program and the same image as the service. Without a command it serves. The',
    '[operations guide](../guide/operations.md#the-command-line) says where to run it and which permissions it needs.',
    '',
    '`npm run docs` writes this page from what `--help` says.',
    '',
    ...sectionsOf(createSilentProgram(), []),
  ].join('\n');
}

function sectionsOf(command: Command, parents: readonly string[]): string[] {
  const path = [...parents, command.name()];
  const title = parents.length === 0 ? 'log-distributor' : path.slice(1).join(' ');
  const own = [`${'#'.repeat(Math.min(path.length + 1, 3))} ${title}`, '', '```text', helpOf(command), '```', ''];
  return [...own, ...command.commands.flatMap((one) => sectionsOf(one, path))];
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => COLUMNS,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd();
}

/** Every command of the command line, to look at: nobody hears what it says. */
export function createSilentProgram(): Command {
  const silent = { write: () => {} };
  return createProgram(
    createSession({
      version: '',
      environment: {},
      out: silent,
      err: silent,
      ask: undefined,
      readInput: async () => '',
      signal: new AbortController().signal,
      nowMs: Date.now,
      random: () => 0,
    }),
  );
}
