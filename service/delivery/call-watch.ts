import { DistributorError } from '../base/errors.ts';
import { isSts, type Place, placeKey, placeName } from '../core/place.ts';
import type { AnswerTimes } from './answer-times.ts';

/**
 * Watches the calls of one object into its tenant's account, so that the main thread knows at once when an answer does not
 * come. A call in trouble goes on; what its object may keep meanwhile is the main thread's business.
 */
export interface CallWatch {
  /**
   * Watches one call of a delivery with all its repetitions, until it is disposed of.
   * @param destination whose answers take about equally long
   */
  begin(type: string, place: Place, destination: string): WatchedCall;
  /**
   * @throws DistributorError `destination-unavailable`, or `role-unavailable` for STS, when nothing at the place answers and
   * another object is the one that finds out when it does
   */
  admit(place: Place): void;
}

export interface WatchedCall extends Disposable {
  /** A request goes out. */
  asked(): void;
  /** The service answered, whatever it said; or no answer is needed any more. */
  answered(): void;
  /**
   * Other calls find out what became of the request: from now on it waits for no answer, and how long that takes tells nothing of
   * the destination. Its trouble, where it has any, stays until `answered`.
   */
  suspended(): void;
  /** The request failed without telling anything of the tenant. @param fault AWS's or the network's name for it */
  failed(fault: string): void;
}

/** A call that waits for an answer. Plain data: it goes to another thread. */
export interface Unanswered {
  /** The delivery's type. */
  readonly type: string;
  readonly place: Place;
  /** Since the first request without an answer went out, milliseconds. */
  readonly forMs: number;
  /** What came instead of an answer; absent: nothing at all. */
  readonly fault?: string;
}

/** A place at which nothing answers, as long as that holds. */
export interface HeldPlace {
  /** What is known of it, for people. */
  readonly message: string;
  readonly retryAfterMs: number;
}

export interface CallWatchDeps {
  readonly unanswered: (call: Unanswered) => void;
  /** All calls of the object that were in trouble have their answers. */
  readonly answered: (type: string) => void;
  readonly answerTimes: AnswerTimes;
  /** By `placeKey`. */
  readonly heldPlaces: ReadonlyMap<string, HeldPlace>;
  /** Keys of held places that this object may call all the same. */
  readonly probes: ReadonlySet<string>;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
}

/** The second report, for people: what takes this long is no slow answer any more. */
const REPORT_AFTER_MS = 5_000;

export function createCallWatch(deps: CallWatchDeps): CallWatch {
  const troubled = new Set<WatchedCall>();

  const begin = (type: string, place: Place, destination: string): WatchedCall => {
    /** When the first request without an answer went out, and the last one. */
    let sinceMs: number | undefined;
    let askedMs = 0;
    let fault: string | undefined;
    let timer: NodeJS.Timeout | undefined;

    const tell = () => {
      const forMs = deps.nowMs() - (sinceMs ?? deps.nowMs());
      troubled.add(call);
      deps.unanswered({ type, place, forMs, ...(fault === undefined ? {} : { fault }) });
      clearTimeout(timer);
      timer = forMs < REPORT_AFTER_MS ? setTimeout(tell, REPORT_AFTER_MS - forMs) : undefined;
    };
    const call: WatchedCall = {
      asked() {
        askedMs = deps.nowMs();
        if (sinceMs !== undefined) return;
        sinceMs = askedMs;
        timer = setTimeout(tell, deps.answerTimes.overdueMs(destination));
      },
      answered() {
        clearTimeout(timer);
        if (sinceMs !== undefined) deps.answerTimes.add(destination, deps.nowMs() - askedMs);
        sinceMs = undefined;
        fault = undefined;
        if (troubled.delete(call) && troubled.size === 0) deps.answered(type);
      },
      suspended() {
        clearTimeout(timer);
        sinceMs = undefined;
      },
      failed(name) {
        fault = name;
        if (!troubled.has(call)) tell();
      },
      [Symbol.dispose]() {
        clearTimeout(timer);
        // It ended without an answer; the object's report says how.
        troubled.delete(call);
      },
    };
    return call;
  };

  return {
    begin,
    admit(place) {
      const key = placeKey(place);
      const held = deps.heldPlaces.get(key);
      if (!held || deps.probes.has(key)) return;
      const code = isSts(place) ? 'role-unavailable' : 'destination-unavailable';
      throw new DistributorError(code, `${placeName(place)}: ${held.message}`, { retryAfterMs: held.retryAfterMs });
    },
  };
}

/** Tells of each request to a destination, and none to STS. */
export function tellAsked(watch: CallWatch, onAsked: () => void): CallWatch {
  return {
    begin(type, place, destination) {
      const call = watch.begin(type, place, destination);
      if (isSts(place)) return call;
      return {
        asked() {
          onAsked();
          call.asked();
        },
        answered: () => call.answered(),
        suspended: () => call.suspended(),
        failed: (fault) => call.failed(fault),
        [Symbol.dispose]: () => call[Symbol.dispose](),
      };
    },
    admit: (place) => watch.admit(place),
  };
}

const UNWATCHED_CALL: WatchedCall = { asked() {}, answered() {}, suspended() {}, failed() {}, [Symbol.dispose]() {} };

/** For whoever calls into an account outside of the service. */
export const UNWATCHED: CallWatch = { begin: () => UNWATCHED_CALL, admit() {} };
