import type { FleetProcess } from '../fleet.ts';
import type { LeaseTaken, Put } from '../journal.ts';
import type { TrueRecord } from '../objects.ts';
import type { ChaosTenant } from '../tenants.ts';

/** What a trial left behind, read without the service. */
export interface Evidence {
  readonly objects: readonly JudgedObject[];
  readonly tenants: readonly ChaosTenant[];
  /** When objects were surely there, by their numbers, epoch milliseconds. */
  readonly putMs: ReadonlyMap<number, number>;
  /** In the order in which they were accepted. */
  readonly events: Iterable<FoundEvent>;
  readonly puts: ReadonlyMap<string, Put>;
  readonly acquisitions: readonly LeaseTaken[];
  /** By process, until when messages are hidden that it received or handed back, epoch milliseconds. */
  readonly hiddenUntilMs: ReadonlyMap<string, number>;
  readonly processes: readonly FleetProcess[];
  /**
   * Whether a call that a process had under way when it was halted may be executed when it wakes. The kernel of a real one sends the rest
   * of a body then, before any of the service's code runs. Where requests leave a process at once, nothing excuses a call without a lease.
   */
  readonly callsOutliveHalts: boolean;
  /** Whether receipts are issued, and every object of a delivery with books is to be in one. */
  readonly receipted: boolean;
  /** How long the processes wait for an answer. */
  readonly requestTimeoutMs: number;
  /**
   * How long the processes allow for until accepted events are seen: a copy of what was seen later is excused. Absent: none is, as nobody
   * saw when that was.
   */
  readonly settleMs?: number;
  readonly ledger: readonly LedgerItem[];
  readonly quarantine: readonly QuarantinedLine[];
  /** What is in the buckets of the tenants. */
  readonly files: readonly TenantFile[];
  /** Bodies that must be dead letters, and those that are. */
  readonly garbage: readonly string[];
  readonly deadLetters: readonly DeadLetter[];
  /** Messages that are still in the queue. */
  readonly queued: number;
}

export interface JudgedObject {
  readonly number: number;
  readonly tenantId: string;
  /** As the ledger names it. */
  readonly id: string;
  /** Whether anybody announced it. Else the comparison of the bucket with the ledger must find it. */
  readonly announced: boolean;
  /** It is a replay of the object of this number: where it begins in the journal. All else was delivered by then. */
  readonly replayedFrom?: number;
  readonly records: readonly TrueRecord[];
}

export interface FoundEvent {
  readonly account: string;
  readonly region: string;
  readonly group: string;
  readonly stream: string;
  readonly timestamp: number;
  readonly message: string;
  /** Of the call that brought it. */
  readonly requestId: string;
}

export interface LedgerItem {
  readonly object: string;
  readonly delivery: string;
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
  /** Of deliveries with receipts, as `encodeBooks` writes them. */
  readonly books?: Uint8Array;
  /** Of what is in a receipt: its number. */
  readonly receipt?: unknown;
  /** How far it is, where that is more than a number. */
  readonly cursor?: string;
}

export interface QuarantinedLine {
  readonly object: string;
  readonly delivery: string;
  readonly record: number;
  readonly reason: string;
  /** Absent where the tenant's bucket has it. */
  readonly message?: string;
  /** URL of the file in the tenant's bucket. */
  readonly kept_at?: string;
}

export interface TenantFile {
  readonly tenantId: string;
  readonly bucket: string;
  readonly key: string;
  readonly body: Uint8Array;
}

export interface DeadLetter {
  readonly body: string;
  readonly reason: string;
}

/** Takes what is wrong, in a sentence. */
export type Notes = (sentence: string) => void;
