import { readFile } from 'node:fs/promises';

/** A command line of `log-distributor` in a page. */
export interface DocumentedCommand {
  readonly page: string;
  readonly line: number;
  /** What stands behind the program's name. */
  readonly args: readonly string[];
  /** The file that its output goes to, if it goes to one. */
  readonly into: string | undefined;
  /** Whether it stands in a block that a reader copies, and not within a sentence. */
  readonly inBlock: boolean;
}

/** Every command line of a page, in the order in which it stands there. */
export async function commandsIn(page: string): Promise<DocumentedCommand[]> {
  const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8');
  const commands: DocumentedCommand[] = [];
  let inBlock = false;
  for (const [at, indented] of text.split('\n').entries()) {
    // A block may belong to a step of a list.
    const line = indented.trimStart();
    if (line.startsWith('```')) {
      inBlock = line === '```sh';
      continue;
    }
    const found = inBlock
      ? [/^(?:npm run --silent cli -- |log-distributor )(.+)$/.exec(line)?.[1]]
      : [...line.matchAll(/`(?:npm run --silent cli -- |log-distributor )([^`]+)`/g)].map(([, rest]) => rest);
    for (const rest of found) if (rest !== undefined) commands.push({ page, line: at + 1, inBlock, ...split(rest) });
  }
  return commands;
}

/** As a shell would, as far as the pages use it. */
function split(text: string): Pick<DocumentedCommand, 'args' | 'into'> {
  const [command = '', into] = text.split(/ > (?=\S+$)/);
  return { args: splitCommand(command), into };
}

export function splitCommand(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}
