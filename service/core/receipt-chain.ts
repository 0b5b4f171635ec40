/** What a receipt has to do with its neighbours. */
export interface ReceiptLink {
  readonly number: number;
  /** `receiptHash` of the one before, as the receipt says; null for the first. */
  readonly previous: string | null;
  /** `receiptHash` of the receipt itself. */
  readonly hash: string;
}

/** What is wrong with a chain of receipts, for people. `number`: of the receipt where it shows. */
export interface ChainProblem {
  readonly number: number;
  readonly problem: string;
}

/**
 * Looks at receipts of one tenant and delivery, in any order. One that was written twice counts once; the first one's predecessor need not
 * be there, as a reader begins where it likes.
 */
export function chainProblems(links: readonly ReceiptLink[]): ChainProblem[] {
  const problems: ChainProblem[] = [];
  let before: ReceiptLink | undefined;
  for (const link of links.toSorted((a, b) => a.number - b.number)) {
    const { number, previous, hash } = link;
    if (before?.number === number) {
      if (before.hash !== hash) problems.push({ number, problem: 'there are two receipts of this number that differ' });
      continue;
    }
    if (number === 1 && previous !== null)
      problems.push({ number, problem: 'it is the first, and names one before it' });
    if (before && before.number + 1 < number)
      problems.push({ number, problem: missingText(before.number + 1, number - 1) });
    else if (before && previous !== before.hash)
      problems.push({ number, problem: `it does not follow receipt ${number - 1} as it is here` });
    before = link;
  }
  return problems;
}

function missingText(from: number, to: number): string {
  return from === to ? `receipt ${from} is missing before it` : `receipts ${from} to ${to} are missing before it`;
}
