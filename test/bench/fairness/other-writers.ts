import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  ThrottlingException,
} from '@aws-sdk/client-cloudwatch-logs';
import type { ProvisionDeps } from '../../../local/provision/deps.ts';

/** Programs of the customer that write to CloudWatch Logs in the same account, by the AWS SDK as it comes, with its own retries. */
export interface OtherWriters {
  /** Batches so far: begun, and stored at last. */
  readonly begun: number;
  readonly stored: number;
  /** Resolves when the last batch has come to its end. */
  stop(): Promise<void>;
}

export const OTHERS_GROUP = '/customer/own';
const STREAM = 'writer';

/** @param perSecond batches that are begun each second, however the ones before fare */
export async function startOtherWriters(
  logs: ReturnType<ProvisionDeps['logs']>,
  perSecond: number,
): Promise<OtherWriters> {
  await logs.send(new CreateLogGroupCommand({ logGroupName: OTHERS_GROUP }));
  await logs.send(new CreateLogStreamCommand({ logGroupName: OTHERS_GROUP, logStreamName: STREAM }));
  const counts = { begun: 0, stored: 0 };
  const pending = new Set<Promise<void>>();
  const stopped = new AbortController();

  const write = async () => {
    const logEvents = [{ timestamp: Date.now(), message: `batch ${++counts.begun}` }];
    try {
      await logs.send(new PutLogEventsCommand({ logGroupName: OTHERS_GROUP, logStreamName: STREAM, logEvents }));
      counts.stored++;
    } catch (error) {
      // Refused at every attempt: that is what is counted here.
      if (!(error instanceof ThrottlingException)) throw error;
    }
  };
  const startedMs = performance.now();
  const writing = (async () => {
    for (let at = 0; !stopped.signal.aborted; at++) {
      await delay(Math.max(0, startedMs + (at * 1000) / perSecond - performance.now()));
      const one = write().finally(() => pending.delete(one));
      pending.add(one);
    }
  })();

  return {
    get begun() {
      return counts.begun;
    },
    get stored() {
      return counts.stored;
    },
    async stop() {
      stopped.abort();
      await writing;
      await Promise.all(pending);
    },
  };
}
