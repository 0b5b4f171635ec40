import { addCells, type Cell, keyOf } from '../../core/books.ts';
import { parseDigest } from '../../core/digest.ts';
import {
  hourOf,
  linkOf,
  parseReceipt,
  type Receipt,
  type ReceiptCounts,
  type ReceiptDocument,
} from '../../core/receipt.ts';
import { type ChainProblem, chainProblems, type ReceiptLink } from '../../core/receipt-chain.ts';
import { type PublicKeys, signatureProblem } from '../../core/receipt-key.ts';
import type { FoundDocument } from './source.ts';

/** What the receipts of one chain say together, as far as they can be believed. */
export interface Collected {
  readonly receipts: readonly ReceiptSummary[];
  readonly problems: readonly ReceiptProblem[];
  /** By `keyOf`: of all receipts whose signatures are good, for the hours that were asked for. */
  readonly cells: ReadonlyMap<string, Cell>;
  /** Objects whose events no cell has. */
  readonly uncovered: readonly string[];
}

export interface ReceiptSummary extends ReceiptLink {
  readonly issued: string;
  readonly interval: number;
  readonly key: string;
  readonly region: string;
  readonly replay: string | null;
  readonly counts: ReceiptCounts;
  readonly name: string;
}

/** Something that is wrong with a receipt or with the chain. */
export interface ReceiptProblem {
  readonly number: number | null;
  /** Where it is; '' for what is not there. */
  readonly name: string;
  readonly problem: string;
}

export interface CollectOptions {
  readonly tenant: string;
  readonly delivery: string;
  /** null: signatures are not looked at. */
  readonly keys: PublicKeys | null;
  /** Whole hours since the epoch: from, and before. */
  readonly fromHour: number;
  readonly toHour: number;
  /** Leaves out receipts above this number. Default: none. */
  readonly lastNumber?: number;
}

/** Reads documents to their end, and keeps of each what is asked for: a chain may have gigabytes. */
export async function collectReceipts(
  documents: AsyncIterable<FoundDocument>,
  options: CollectOptions,
): Promise<Collected> {
  const receipts = new Map<number, ReceiptSummary>();
  const links: ReceiptLink[] = [];
  const seen = new Set<string>();
  const problems: ReceiptProblem[] = [];
  const cells = new Map<string, Cell>();
  const uncovered: string[] = [];
  for await (const { name, text } of documents) {
    const document = readDocument(text);
    if (typeof document === 'string') {
      problems.push({ number: null, name, problem: document });
      continue;
    }
    const { receipt } = document;
    if (receipt.tenant !== options.tenant || receipt.delivery !== options.delivery) continue;
    if (receipt.number > (options.lastNumber ?? Number.POSITIVE_INFINITY)) continue;
    const problem = options.keys && signatureProblem(document, options.keys);
    if (problem) problems.push({ number: receipt.number, name, problem });
    // What is not believed still stands in its place in the chain; one reason is enough.
    const link = linkOf(document);
    // Of two that differ and have one number, both count: `chainProblems` says so. One that was written twice is one.
    if (seen.has(link.hash)) continue;
    seen.add(link.hash);
    links.push(link);
    const { issued, interval, key, region, replay, counts } = receipt;
    if (!receipts.has(receipt.number))
      receipts.set(receipt.number, { ...link, issued, interval, key, region, replay, counts, name });
    if (problem) continue;
    addReceipt(cells, receipt, options);
    uncovered.push(
      ...receipt.objects.filter(({ covered, delivered }) => !covered && delivered > 0).map(({ id }) => id),
    );
  }
  const chain = chainProblems(links).map(({ number, problem }: ChainProblem) => ({
    number,
    name: receipts.get(number)?.name ?? '',
    problem,
  }));
  const inOrder = [...receipts.values()].sort((a, b) => a.number - b.number);
  return { receipts: inOrder, problems: [...problems, ...chain], cells, uncovered };
}

/** @returns what is wrong with it, if anything is */
function readDocument(text: string): ReceiptDocument | string {
  try {
    return parseReceipt(text);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function addReceipt(cells: Map<string, Cell>, { streams }: Receipt, { fromHour, toHour }: CollectOptions): void {
  for (const { group, stream, hours } of streams) {
    for (const { hour: name, events, bytes, digest: text } of hours) {
      const hour = hourOf(name);
      const digest = parseDigest(text);
      if (hour < fromHour || hour >= toHour || !digest) continue;
      const cell = { group, stream, hour, events, bytes, digest };
      const before = cells.get(keyOf(cell));
      cells.set(keyOf(cell), before ? addCells(before, cell) : cell);
    }
  }
}
