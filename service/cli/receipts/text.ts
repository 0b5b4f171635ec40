import type { Style } from '../terminal.ts';
import { formatCount, formatTable } from '../terminal.ts';
import type { Collected, ReceiptProblem, ReceiptSummary } from './collect.ts';
import { type Difference, isTrouble, type Outcome } from './verify.ts';

/** What the commands on receipts print. Pure. */

export interface Report {
  readonly tenant: string;
  readonly delivery: string;
  readonly from: string;
  readonly to: string;
  readonly strict: boolean;
  readonly collected: Pick<Collected, 'receipts' | 'uncovered'>;
  readonly problems: readonly ReceiptProblem[];
  readonly outcome: Outcome;
  readonly verified: boolean;
}

/** For programs. */
export function reportDocument({ collected, outcome, ...report }: Report) {
  const { receipts, uncovered } = collected;
  return {
    ...report,
    receipts: receipts.length,
    first_receipt: receipts[0]?.number ?? null,
    last_receipt: receipts.at(-1)?.number ?? null,
    last_issued: receipts.at(-1)?.issued ?? null,
    uncovered,
    ...outcome,
  };
}

const UNCOVERED_SHOWN = 10;

export function reportText(report: Report, style: Style): string {
  const { collected, outcome, problems, strict, verified } = report;
  const [first, last] = [collected.receipts[0], collected.receipts.at(-1)];
  const chain =
    first && last
      ? `${formatCount(collected.receipts.length)} receipts, ${first.number} to ${last.number}, the last of ${last.issued}`
      : 'no receipts';
  const uncovered = collected.uncovered;
  return [
    style.bold(`${report.tenant}/${report.delivery}, ${report.from} to ${report.to}`),
    chain,
    `${formatCount(outcome.events)} events in ${formatCount(outcome.streams)} log streams`,
    ...problems.map((problem) => style.bad(problemText(problem))),
    ...(uncovered.length === 0
      ? []
      : [
          style.warn(
            `${formatCount(uncovered.length)} objects have events that no receipt says the place of; they count as events that no receipt has:`,
          ),
          ...uncovered.slice(0, UNCOVERED_SHOWN).map((id) => `  ${id}`),
        ]),
    ...(outcome.differences.length === 0 ? [] : [differenceTable(outcome.differences, strict, style).trimEnd()]),
    verified ? style.good('verified') : style.bad('not verified'),
    '',
  ].join('\n');
}

function problemText({ number, name, problem }: ReceiptProblem): string {
  const what = number === null ? 'a document' : `receipt ${number}`;
  return name === '' ? (number === null ? problem : `${what}: ${problem}`) : `${what} (${name}): ${problem}`;
}

function differenceTable(differences: readonly Difference[], strict: boolean, style: Style): string {
  return formatTable(
    differences,
    [
      { title: 'hour', text: ({ hour }) => hour },
      { title: 'log group', text: ({ group }) => group },
      { title: 'log stream', text: ({ stream }) => stream },
      { title: 'delivered', text: ({ expected }) => formatCount(expected), right: true },
      { title: 'found', text: ({ found }) => formatCount(found), right: true },
      {
        title: 'what',
        text: ({ kind }) => kind,
        style: (text, row) => (isTrouble(row, strict) ? style.bad(text) : style.warn(text)),
      },
      { title: '', text: ({ detail }) => detail },
    ],
    style,
  );
}

export function listText(
  receipts: readonly ReceiptSummary[],
  problems: readonly ReceiptProblem[],
  style: Style,
): string {
  const table = formatTable(
    receipts,
    [
      { title: 'number', text: ({ number }) => String(number), right: true },
      { title: 'issued', text: ({ issued }) => issued },
      { title: 'objects', text: ({ counts }) => formatCount(counts.objects), right: true },
      { title: 'read', text: ({ counts }) => formatCount(counts.read), right: true },
      { title: 'delivered', text: ({ counts }) => formatCount(counts.delivered), right: true },
      { title: 'filtered', text: ({ counts }) => formatCount(counts.filtered), right: true },
      { title: 'rejected', text: ({ counts }) => formatCount(counts.rejected), right: true },
      { title: 'quarantined', text: ({ counts }) => formatCount(counts.quarantined), right: true },
      { title: 'replay', text: ({ replay }) => replay ?? '' },
      { title: 'key', text: ({ key }) => key },
    ],
    style,
  );
  return `${table}${problems.map((problem) => `${style.bad(problemText(problem))}\n`).join('')}`;
}
