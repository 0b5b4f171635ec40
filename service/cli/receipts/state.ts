import { appendFile, readFile, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import type { Cell } from '../../core/books.ts';
import { formatDigest, parseDigest } from '../../core/digest.ts';
import { usageError } from '../errors.ts';
import type { Unit } from './read-back.ts';

/**
 * How far a verification has come, in a file of lines: what was asked, and what was found in each unit that is read. It belongs to one
 * question, and to the receipts as they were when it was first asked.
 */
export interface VerifyState {
  /** What was found in a unit; undefined: it is not read yet. */
  cellsOf(unit: Unit): readonly Cell[] | undefined;
  save(unit: Unit, cells: readonly Cell[]): Promise<void>;
}

/** What a verification asks; whoever goes on with it asks the same. */
export interface Question {
  /** Place, tenant and delivery. */
  readonly chain: string;
  /** Whole hours since the epoch: from, and before. */
  readonly fromHour: number;
  readonly toHour: number;
  /** The receipts that count: those up to this number. */
  readonly lastReceipt: number;
}

export interface SavedState {
  readonly question: Question;
  readonly units: ReadonlyMap<string, readonly Cell[]>;
}

const HEAD = z.object({
  version: z.literal(1),
  question: z.object({ chain: z.string(), fromHour: z.int(), toHour: z.int(), lastReceipt: z.int() }),
});
const CELL = z
  .tuple([z.string(), z.string(), z.int(), z.int(), z.int(), z.string()])
  .transform(([group, stream, hour, events, bytes, text], context): Cell => {
    const digest = parseDigest(text);
    if (digest) return { group, stream, hour, events, bytes, digest };
    context.addIssue('must be a digest');
    return z.NEVER;
  });
const UNIT = z.object({ unit: z.string(), cells: z.array(CELL) });

/** @returns undefined where there is no such file. @throws CommandError, a usage error for a file of another chain */
export async function readState(path: string, chain: string): Promise<SavedState | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const [first = '', ...rest] = text.split('\n');
  const head = HEAD.safeParse(parseJson(first));
  if (!head.success) throw usageError(`--state: ${path} is no file of this command`);
  const { question } = head.data;
  if (question.chain !== chain)
    throw usageError(`--state: ${path} is of another verification: repeat its options, or name another file`);
  // The last line of a command that was killed may be half a line: its unit is read again.
  const units = rest.flatMap((line) => UNIT.safeParse(parseJson(line)).data ?? []);
  return { question, units: new Map(units.map(({ unit, cells }) => [unit, cells])) };
}

/** Begins a file, or goes on with one. @param path undefined: nothing is kept */
export async function createState(
  path: string | undefined,
  question: Question,
  saved: SavedState | undefined,
): Promise<VerifyState> {
  const head = { version: 1, question };
  if (path !== undefined) await (saved ? appendFile(path, '\n') : writeFile(path, `${JSON.stringify(head)}\n`));
  return {
    cellsOf: (unit) => saved?.units.get(nameOf(unit)),
    async save(unit, cells) {
      if (path !== undefined)
        await appendFile(path, `${JSON.stringify({ unit: nameOf(unit), cells: cells.map(toRow) })}\n`);
    },
  };
}

function nameOf({ group, stream, fromHour }: Unit): string {
  return JSON.stringify([group, stream, fromHour]);
}

function toRow({ group, stream, hour, events, bytes, digest }: Cell) {
  return [group, stream, hour, events, bytes, formatDigest(digest)];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
