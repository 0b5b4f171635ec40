import { setTimeout as delay } from 'node:timers/promises';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import type { Call, DynamoApi } from '../aws/api.ts';

/**
 * How far each process of the fleet has come, in the ledger's table: how far it has read the queue, and what it knows of that is
 * announced and not delivered. All reports together tell which objects can be in no message any more (decisions/0057).
 */
export interface FleetView {
  /** Messages that were sent before this moment wait in no queue, epoch milliseconds; undefined: nobody knows. */
  readonly readUpToMs: number | undefined;
  /** When the oldest object of the tenant was announced that some process has in flight or has handed back; else undefined. */
  openMs(tenant: string): number | undefined;
  /** Processes that have reported lately. */
  readonly processes: number;
}

/** What a process knows at a moment. All times are epoch milliseconds. */
export interface OwnView {
  readonly readUpToMs: number | undefined;
  /** By tenant, when the oldest object was announced that is still open. */
  readonly open: ReadonlyMap<string, number>;
  /** Until then every message that it has given back, or would leave behind, is back in the queue. */
  readonly backMs: number;
}

export interface FleetReporterDeps {
  readonly dynamo: Call<DynamoApi>;
  readonly table: string;
  /** Names this process, and no other ever. */
  readonly id: string;
  readonly look: () => OwnView;
  readonly everyMs: number;
  /** The table's clock, epoch milliseconds. */
  readonly nowMs: () => number;
  /** Told when a report could not be written. */
  readonly onTrouble: (error: unknown) => void;
}

export const FLEET = 'log-distributor-fleet';
/** How often each process reports, where nobody wants it oftener. */
export const REPORT_EVERY_MS = 15_000;
/**
 * A process may take a message that another one has never seen, and report it with its next report. What it says of the queue is
 * therefore reported when all have reported since: two reports later.
 */
const SETTLE_REPORTS = 2;
/** A process that has not reported so often in a row has ended, or lost the table. */
const SILENT_REPORTS = 4;
/** Tenants with something open that a report names; it has 60 kB then, of DynamoDB's 400. */
const OPEN_MAX = 1_000;

export interface FleetReporter {
  /** Reports again and again until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Reports once more, at the end of a drain: what was handed back since the last report is known to nobody else. Never rejects. */
  last(signal: AbortSignal): Promise<void>;
}

export function createFleetReporter(deps: FleetReporterDeps): FleetReporter {
  const seen: (number | undefined)[] = [];
  const report = async (signal?: AbortSignal) => {
    try {
      const view = deps.look();
      // A host whose clock is ahead has not read what will be sent.
      const readUpToMs = view.readUpToMs === undefined ? undefined : Math.min(view.readUpToMs, deps.nowMs());
      await write(deps, { ...view, readUpToMs: seen.at(-SETTLE_REPORTS) }, signal);
      seen.push(readUpToMs);
      if (seen.length > SETTLE_REPORTS) seen.shift();
    } catch (error) {
      deps.onTrouble(error);
    }
  };
  return {
    async run(signal) {
      while (!signal.aborted) {
        await report();
        await delay(deps.everyMs, undefined, { signal }).catch(() => {});
      }
    },
    last: report,
  };
}

async function write(
  { dynamo, table, id, everyMs, nowMs }: FleetReporterDeps,
  view: OwnView,
  abortSignal: AbortSignal | undefined,
): Promise<void> {
  const oldest = [...view.open].sort((a, b) => a[1] - b[1]);
  const unnamed = oldest[OPEN_MAX]?.[1];
  const readUpToMs = Math.min(view.readUpToMs ?? Number.NaN, unnamed ?? Number.POSITIVE_INFINITY);
  const now = nowMs();
  const countsUntilMs = Math.max(now + SILENT_REPORTS * everyMs, view.backMs + SETTLE_REPORTS * everyMs);
  const report = {
    at_ms: Math.round(now),
    every_ms: everyMs,
    counts_until_ms: Math.round(countsUntilMs),
    ...(Number.isFinite(readUpToMs) ? { read_up_to_ms: Math.round(readUpToMs) } : {}),
    open: Object.fromEntries(oldest.slice(0, OPEN_MAX)),
  };
  const input = {
    TableName: table,
    Key: { object: { S: FLEET }, delivery: { S: id } },
    UpdateExpression: 'SET #state = :state, report = :report, expires_at = :expires',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: {
      ':state': { S: 'report' },
      ':report': { S: JSON.stringify(report) },
      ':expires': { N: String(Math.ceil(countsUntilMs / 1000) + 3_600) },
    },
  };
  await dynamo('UpdateItem', input, abortSignal ? { abortSignal } : {});
}

const REPORT = z.object({
  at_ms: z.number(),
  every_ms: z.number(),
  counts_until_ms: z.number(),
  read_up_to_ms: z.number().optional(),
  open: z.record(z.string(), z.number()),
});

/**
 * All reports together: the least of what each says.
 * @param nowMs on the table's clock
 */
export async function readFleet(dynamo: Call<DynamoApi>, table: string, nowMs: () => number): Promise<FleetView> {
  const open = new Map<string, number>();
  let readUpToMs: number | undefined;
  let processes = 0;
  let from: Record<string, AttributeValue> | undefined;
  do {
    const page = await dynamo('Query', {
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: '#object = :object',
      ExpressionAttributeNames: { '#object': 'object' },
      ExpressionAttributeValues: { ':object': { S: FLEET } },
      ...(from ? { ExclusiveStartKey: from } : {}),
    });
    for (const item of page.Items ?? []) {
      const report = parse(item.report?.S);
      if (!report || report.counts_until_ms < nowMs()) continue;
      for (const [tenant, ms] of Object.entries(report.open)) open.set(tenant, Math.min(ms, open.get(tenant) ?? ms));
      // What one that has ended said of the queue is old; what it has left behind is not.
      if (nowMs() - report.at_ms > SILENT_REPORTS * report.every_ms) continue;
      processes++;
      const said = report.read_up_to_ms;
      if (said !== undefined) readUpToMs = Math.min(said, readUpToMs ?? said);
    }
    from = page.LastEvaluatedKey;
  } while (from);
  return { readUpToMs, openMs: (tenant) => open.get(tenant), processes };
}

/** Of another version of the service, or of nobody: undefined. */
function parse(text: string | undefined): z.output<typeof REPORT> | undefined {
  try {
    return REPORT.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}
