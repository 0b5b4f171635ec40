import { duesOf } from '../tenants.ts';
import { checkBooks, checkLetters } from './accounts.ts';
import { type ComparisonVerdict, checkComparison } from './comparison.ts';
import { type CopiesVerdict, checkCopies, NO_COPIES } from './copies.ts';
import { sortEvents } from './events.ts';
import type { Evidence, Notes } from './evidence.ts';
import { checkLeases } from './leases.ts';
import { checkProgress, NO_PROGRESS, type ProgressVerdict } from './progress.ts';
import { checkRejects, NO_REJECTS, type RejectsVerdict } from './rejects.ts';
import { createRepetitions } from './repetitions.ts';
import { createSettling } from './settling.ts';

export interface Verdict extends ComparisonVerdict, ProgressVerdict, RejectsVerdict, CopiesVerdict {
  /** Deliveries of records that had to arrive, each event once. */
  readonly events: number;
  /** Of these, those of replays. */
  readonly replayed: number;
  /** Of all, parts of records that are longer than an event may be. */
  readonly parts: number;
  readonly lost: number;
  readonly misrouted: number;
  /** Copies beyond the first. */
  readonly duplicated: number;
  /** Of these, copies of events of tenants that want each exactly once, but for what was seen too late to be known. */
  readonly duplicated_once: number;
  /** Of these, copies of what a process delivered that drained and ended with status 0. */
  readonly duplicated_after_term: number;
  /** Of all copies, those of tenants that want each event once which were seen too late to be known. */
  readonly duplicated_late: number;
  /** Of these, copies that neither an end without a word, nor a halt, nor a lost answer explains. */
  readonly unexplained: number;
  /** The most that one kill, or one halt, had repeated: of all objects in flight, and of the worst one. */
  readonly duplicated_max_per_kill: number;
  readonly duplicated_bytes_max_per_kill_and_object: number;
  /** Records whose outcome the ledger, the quarantine or the dead-letter queue has wrong. */
  readonly unaccounted: number;
  /** What is wrong, for people; at most a few dozen sentences. */
  readonly findings: readonly string[];
  /**
   * What had not ended when the trial's patience did, for people; empty for a trial that has ended. Otherwise nothing that
   * is missing counts as lost or unaccounted: it may be merely late.
   */
  readonly unfinished: readonly string[];
}

const FINDINGS_MAX = 40;

export function judge(evidence: Evidence): Verdict {
  const findings: string[] = [];
  const note: Notes = (sentence) => {
    if (findings.length < FINDINGS_MAX) findings.push(sentence);
  };
  const found = sortEvents(evidence, note);
  const unfinished = findUnfinished(evidence);
  const ended = unfinished.length === 0;
  const sum = { events: 0, parts: 0, replayed: 0, lost: 0, duplicated: 0, duplicated_once: 0, duplicated_late: 0 };
  const repeated = createRepetitions(evidence, note);
  const settling = createSettling(evidence);
  for (const delivery of found.deliveries.values()) {
    for (const event of delivery.events) {
      const { record, copies } = event;
      sum.events++;
      if (event.part) sum.parts++;
      if (delivery.object.replayedFrom !== undefined) sum.replayed++;
      if (copies.length === 0 && ended) {
        sum.lost++;
        note(`lost: record ${record} of ${delivery.object.id} for ${delivery.truth.name}`);
      }
      const more = Math.max(0, copies.length - 1);
      sum.duplicated += more;
      const { exactlyOnce, name } = delivery.truth;
      const broken = exactlyOnce ? settling.preventable(copies, delivery.object.id, name).length : 0;
      if (exactlyOnce) sum.duplicated_late += more - broken;
      if (broken > 0) {
        sum.duplicated_once += broken;
        const who = copies.map(({ process }) => process).join(', ');
        note(
          `repeated in spite of exactly_once, by ${who}: record ${record} of ${delivery.object.id} for ${delivery.truth.name}`,
        );
      }
      for (const [at, put] of copies.slice(0, -1).entries()) repeated.add(put, copies[at + 1], delivery, event);
    }
  }
  const { wrong, ...rejects } = ended ? checkRejects(evidence, found.said, note) : NO_REJECTS;
  const { lost, strange, ...copies } = ended ? checkCopies(evidence, note) : NO_COPIES;
  sum.lost += lost;
  const unaccounted = (ended ? checkBooks(evidence, note) : 0) + wrong + strange + checkLetters(evidence, ended, note);
  checkLeases(evidence, found.deliveries.values(), note);
  checkEnds(evidence, note);
  const others = {
    ...rejects,
    ...copies,
    ...checkComparison(evidence, note),
    ...(ended ? checkProgress(evidence, found, note) : NO_PROGRESS),
  };
  return { ...sum, misrouted: found.misrouted, unaccounted, ...repeated.sum(), ...others, findings, unfinished };
}

/** Without messages in the queue everything has ended, well or not. */
function findUnfinished({ objects, tenants, ledger, queued }: Evidence): string[] {
  if (queued === 0) return [];
  const done = new Set(ledger.filter(({ state }) => state === 'done').map((item) => `${item.object} ${item.delivery}`));
  const waiting = objects.flatMap(({ id, tenantId }) =>
    tenants
      .filter((tenant) => tenant.tenantId === tenantId)
      .flatMap(duesOf)
      .filter(({ name }) => !done.has(`${id} ${name}`))
      .map(({ name }) => `not done: ${id} for ${name}`),
  );
  return [`${queued} messages are in the queue`, ...waiting.slice(0, FINDINGS_MAX)];
}

/** A process ends when it is told to, and after SIGTERM in order, unless its grace ended while it was halted. */
function checkEnds({ processes }: Evidence, note: Notes): void {
  for (const { name, end, haltedInDrain } of processes) {
    if (end?.blow === undefined) note(`${name} ended by itself, with status ${end?.status}`);
    else if (end.blow === 'SIGTERM' && end.status !== 0 && !haltedInDrain)
      note(`${name} ended with status ${end.status} after SIGTERM`);
  }
}
