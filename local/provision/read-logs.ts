import {
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { ProvisionDeps } from './deps.ts';

/** An event as the account that owns it sees it. */
export interface DeliveredEvent {
  readonly group: string;
  readonly stream: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly message: string;
}

/**
 * Everything in the log groups of an account whose names begin with a prefix, by plain API calls: slow, but the same on any
 * endpoint, AWS included. In no order that means anything beyond a stream. Groups must be of the class STANDARD: AWS reads the
 * others by Logs Insights only.
 */
export async function* readLogs(
  deps: ProvisionDeps,
  account: string,
  groupPrefix: string,
  region: string = deps.region,
): AsyncGenerator<DeliveredEvent, void, undefined> {
  const logs = deps.logs(account, region);
  for await (const group of groupNames(logs, groupPrefix)) {
    for await (const stream of streamNames(logs, group)) yield* streamEvents(logs, group, stream);
  }
}

type Logs = ReturnType<ProvisionDeps['logs']>;

async function* groupNames(logs: Logs, prefix: string): AsyncGenerator<string, void, undefined> {
  let nextToken: string | undefined;
  do {
    // An empty prefix is refused.
    const page = await logs.send(
      new DescribeLogGroupsCommand({ nextToken, ...(prefix === '' ? {} : { logGroupNamePrefix: prefix }) }),
    );
    for (const { logGroupName } of page.logGroups ?? []) if (logGroupName !== undefined) yield logGroupName;
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
}

async function* streamNames(logs: Logs, logGroupName: string): AsyncGenerator<string, void, undefined> {
  let nextToken: string | undefined;
  do {
    const page = await logs.send(new DescribeLogStreamsCommand({ logGroupName, nextToken }));
    for (const { logStreamName } of page.logStreams ?? []) if (logStreamName !== undefined) yield logStreamName;
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
}

async function* streamEvents(
  logs: Logs,
  group: string,
  stream: string,
): AsyncGenerator<DeliveredEvent, void, undefined> {
  let token: string | undefined;
  for (;;) {
    const page = await logs.send(
      new GetLogEventsCommand({
        logGroupName: group,
        logStreamName: stream,
        startFromHead: true,
        nextToken: token,
        // Without a start, some emulators look back a while only.
        startTime: 0,
      }),
    );
    for (const { timestamp = 0, message = '' } of page.events ?? []) yield { group, stream, timestamp, message };
    // The end is where the token does not move; a page may be empty before it.
    if (page.nextForwardToken === token || page.nextForwardToken === undefined) return;
    token = page.nextForwardToken;
  }
}
