import { statusOf } from '../../aws/fault.ts';
import { createSearch } from '../../core/already-there.ts';
import type { Batch, ChunkPlan } from '../../core/plan.ts';
import type { Route } from '../../core/route.ts';
import { pause } from '../../delivery/attempts.ts';
import { type BatchReceipt, type SentBefore, type StopSignals, throwIfStopped } from '../../delivery/destination.ts';
import type { ReadStream, StreamRead } from './read-stream.ts';
import { createStreamGate } from './stream-gate.ts';

/**
 * Puts of one object to a tenant that wants every event exactly once (docs/decisions/0012-exactly-once.md). Where nobody knows whether a
 * put was executed, its batch is in doubt: before it is sent again, the stream is read, and only the events that are not there are sent.
 */
export interface ExactlyOnce {
  /** What others may have sent of a chunk, before the first of its batches is sent. */
  sentBefore(plan: ChunkPlan, before: SentBefore): void;
  /** Whether any batch is in doubt. */
  inDoubt(): boolean;
  /**
   * Reads back where the batch is in doubt, and calls `onLook` before that.
   * @returns its answer when all of it is there
   */
  known(plan: ChunkPlan, batch: Batch, signals: StopSignals, onLook: () => void): Promise<BatchReceipt | undefined>;
  /** The events of a batch that have to be sent. */
  rest(plan: ChunkPlan, batch: Batch): Uint32Array;
  /** Makes calls to the stream of a batch once nothing of it is being read back; none is read back meanwhile. */
  inTurn<T>(batch: Batch, calls: () => Promise<T>): Promise<T>;
  /**
   * Makes a put of the rest of a batch, in its turn, and notes when its end is not known.
   * @param call is to call what it is given as late as it can before the put can be executed; what that throws ends the put
   */
  put<T extends BatchReceipt>(
    plan: ChunkPlan,
    batch: Batch,
    signals: StopSignals,
    call: (beforeExecution: () => void) => Promise<T>,
  ): Promise<T>;
}

export interface ExactlyOnceDeps {
  readonly read: ReadStream;
  /** How long CloudWatch Logs may take to show what it has accepted. */
  readonly settleMs: number;
  /** AWS's clock, epoch milliseconds. */
  readonly awsNowMs: () => number;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
  readonly onReadBack: (outcome: ReadBack) => void;
}

/** What came of reading back one batch. */
export interface ReadBack {
  readonly route: Route;
  readonly batch: number;
  /** Events that were looked for, and those of them that are there. */
  readonly events: number;
  readonly found: number;
  readonly calls: number;
  /** false: the stream holds more events of that time than are read. */
  readonly complete: boolean;
}

interface Doubt {
  /** It was not sent before this time, on AWS's clock. */
  readonly sinceMs: number;
  /** From this time on, whatever was executed can be seen; on `nowMs`. */
  readonly settledMs: number;
  readonly otherBatches: boolean;
}

interface ChunkState {
  readonly plan: ChunkPlan;
  /** By number of batch. */
  readonly doubts: Map<number, Doubt>;
  /** What is left to send of batches of which a part is there. */
  readonly rests: Map<number, Uint32Array>;
  /** When batches were sent for the first time, on AWS's clock. */
  readonly firstSentMs: Map<number, number>;
  /** Batches that the stream holds, at least in part. */
  readonly there: Set<Batch>;
}

/** By so much the clocks of AWS's services, and what we know of them, may differ. */
const CLOCKS_MS = 1_000;
const FIRST_WAIT_MS = 1_000;

export function createExactlyOnce(deps: ExactlyOnceDeps): ExactlyOnce {
  const gate = createStreamGate();
  let current: ChunkState | undefined;
  const stateOf = (plan: ChunkPlan): ChunkState => {
    if (current?.plan !== plan) {
      const [doubts, rests, firstSentMs, there] = [new Map(), new Map(), new Map(), new Set<Batch>()];
      current = { plan, doubts, rests, firstSentMs, there };
    }
    return current;
  };
  const restOf = ({ rests }: ChunkState, { index, events }: Batch) => rests.get(index) ?? events;

  const look = async (state: ChunkState, batch: Batch, doubt: Doubt, signals: StopSignals) => {
    const search = createSearch(state.plan, restOf(state, batch));
    const read = await deps.read(batch.route, search, doubt.sinceMs - CLOCKS_MS, signals);
    for (const other of state.there) {
      if (other !== batch && sameStream(other.route, batch.route)) search.claim(other);
    }
    return { ...read, missing: search.missing(doubt.otherBatches) };
  };

  /** Looks until all is there, or whatever is not will not come any more. */
  const readBack = async (state: ChunkState, batch: Batch, doubt: Doubt, signals: StopSignals) => {
    for (let [waitMs, calls] = [FIRST_WAIT_MS, 0]; ; waitMs *= 2) {
      const startedMs = deps.nowMs();
      const seen = await look(state, batch, doubt, signals);
      calls += seen.calls;
      const leftMs = doubt.settledMs - deps.nowMs();
      if (seen.missing.length === 0 || startedMs >= doubt.settledMs) return { ...seen, calls };
      await pause(Math.min(waitMs, Math.max(0, leftMs)), signals);
      throwIfStopped(signals);
    }
  };

  const note = (state: ChunkState, batch: Batch, { missing, ...read }: StreamRead & { missing: Uint32Array }) => {
    const { route, index } = batch;
    const events = restOf(state, batch).length;
    const found = events - missing.length;
    if (found > 0) state.there.add(batch);
    state.rests.set(index, missing);
    state.doubts.delete(index);
    deps.onReadBack({ route, batch: index, events, found, ...read });
  };

  return {
    sentBefore(plan, { sinceMs, otherBatches, settled, accepted }) {
      const state = stateOf(plan);
      const settledMs = deps.nowMs() + (settled ? 0 : deps.settleMs);
      for (const batch of plan.batches) {
        if (accepted(batch.index)) state.there.add(batch);
        else {
          state.doubts.set(batch.index, { sinceMs, settledMs, otherBatches });
          state.firstSentMs.set(batch.index, sinceMs);
        }
      }
    },
    inDoubt: () => current !== undefined && current.doubts.size > 0,
    async known(plan, batch, signals, onLook) {
      const state = stateOf(plan);
      const doubt = state.doubts.get(batch.index);
      if (!doubt) return undefined;
      onLook();
      return gate.alone(streamName(batch.route), async () => {
        note(state, batch, await readBack(state, batch, doubt, signals));
        return restOf(state, batch).length === 0 ? allTaken(batch) : undefined;
      });
    },
    rest: (plan, batch) => restOf(stateOf(plan), batch),
    inTurn: (batch, calls) => gate.pass(streamName(batch.route), calls),
    async put(plan, batch, signals, call) {
      const state = stateOf(plan);
      let left = false;
      const sinceMs = state.firstSentMs.get(batch.index) ?? deps.awsNowMs();
      try {
        const receipt = await call(() => {
          throwIfStopped(signals);
          left = true;
          state.firstSentMs.set(batch.index, sinceMs);
        });
        state.there.add(batch);
        return { ...receipt, ...ofWhole(receipt, batch.events, restOf(state, batch)) };
      } catch (error) {
        if (left && mayBeExecuted(error)) {
          const settledMs = deps.nowMs() + deps.settleMs;
          state.doubts.set(batch.index, { sinceMs, settledMs, otherBatches: false });
        }
        throw error;
      }
    },
  };
}

/** An answer below 500 that refuses the call says that it was not executed. */
function mayBeExecuted(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status < 400 || status >= 500;
}

function allTaken({ events }: Batch): BatchReceipt {
  return { tooOldBefore: 0, expiredBefore: 0, tooNewFrom: events.length };
}

/** What was said of the rest of a batch, in numbers of the whole: what is refused for its time stands at an end of both. */
function ofWhole({ tooOldBefore, expiredBefore, tooNewFrom }: BatchReceipt, whole: Uint32Array, rest: Uint32Array) {
  if (rest.length === whole.length) return { tooOldBefore, expiredBefore, tooNewFrom };
  const placeOf = (at: number) => whole.indexOf(rest[at] as number);
  const upTo = (before: number) => (before === 0 ? 0 : placeOf(before - 1) + 1);
  return {
    tooOldBefore: upTo(tooOldBefore),
    expiredBefore: upTo(expiredBefore),
    tooNewFrom: tooNewFrom >= rest.length ? whole.length : placeOf(tooNewFrom),
  };
}

function streamName({ group, stream }: Route): string {
  return `${group}\n${stream}`;
}

function sameStream(a: Route, b: Route): boolean {
  return a.group === b.group && a.stream === b.stream;
}
