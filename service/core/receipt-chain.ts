import { type ReceiptDocument, receiptHash } from './receipt.ts';

/** What is wrong with a chain of receipts, for people. `number`: of the receipt where it shows. */
export interface ChainProblem {
  readonly number: number;
  readonly problem: string;
}

export interface Chain {
  /** In order of their numbers, each once. */
  readonly documents: readonly ReceiptDocument[];
  readonly problems: readonly ChainProblem[];
}

/**
 * Links receipts of one tenant and delivery, in any order. One that was written twice counts once; the first one's predecessor need not be
 * there, as a reader begins where it likes.
 */
export function linkReceipts(found: readonly ReceiptDocument[]): Chain {
  const documents: ReceiptDocument[] = [];
  const problems: ChainProblem[] = [];
  for (const document of found.toSorted((a, b) => a.receipt.number - b.receipt.number)) {
    const before = documents.at(-1);
    const { number, previous } = document.receipt;
    if (before?.receipt.number === number) {
      if (before.line !== document.line)
        problems.push({ number, problem: 'there are two receipts of this number that differ' });
      continue;
    }
    if (number === 1 && previous !== null)
      problems.push({ number, problem: 'it is the first, and names one before it' });
    if (before && before.receipt.number + 1 < number)
      problems.push({ number, problem: missingText(before.receipt.number + 1, number - 1) });
    else if (before && previous !== receiptHash(before.line))
      problems.push({ number, problem: `it does not follow receipt ${number - 1} as it is here` });
    documents.push(document);
  }
  return { documents, problems };
}

function missingText(from: number, to: number): string {
  return from === to ? `receipt ${from} is missing before it` : `receipts ${from} to ${to} are missing before it`;
}
