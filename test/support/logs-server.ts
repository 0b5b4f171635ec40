import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { RejectedEntityInfo, RejectedLogEventsInfo } from '@aws-sdk/client-cloudwatch-logs';
import { placeOf } from './aws.ts';
import { type Received, startServer } from './server.ts';

export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

export interface LogGroup {
  retentionDays: number | undefined;
  readonly streams: Map<string, LogEvent[]>;
}

type Operation = 'PutLogEvents' | 'CreateLogGroup' | 'CreateLogStream' | 'PutRetentionPolicy';

/** What a call meets instead of an answer as it should be. */
export type LogsFault =
  | { readonly error: string; readonly status?: number }
  /** The connection breaks; with `stored`, after the events were stored. */
  | { readonly reset: true; readonly stored?: true }
  | { readonly silent: true }
  | { readonly wait: Promise<unknown> };

export interface LogsServer {
  readonly place: ReturnType<typeof placeOf>;
  /** The log groups of the account whose sessions have access keys that begin with this name, up to a `_`. */
  account(name: string): Map<string, LogGroup>;
  /** All events of a stream, in the order of their arrival. */
  events(account: string, group: string, stream: string): readonly LogEvent[];
  /** Faults for the next calls of an operation, first in first out. */
  readonly faults: Readonly<Record<Operation, LogsFault[]>>;
  /** What the next accepted puts say of refused events. */
  readonly rejections: RejectedLogEventsInfo[];
  /** And of their entities. */
  readonly entityRejections: RejectedEntityInfo[];
  /** Operation, group and stream of each call in the order of their arrival. */
  readonly calls: string[];
  readonly received: readonly Received[];
}

/** CloudWatch Logs on the loopback, an account for each tenant: strict about hashes and about what exists. */
export async function startLogs(t: TestContext): Promise<LogsServer> {
  const accounts = new Map<string, Map<string, LogGroup>>();
  const faults: LogsServer['faults'] = {
    PutLogEvents: [],
    CreateLogGroup: [],
    CreateLogStream: [],
    PutRetentionPolicy: [],
  };
  const rejections: RejectedLogEventsInfo[] = [];
  const entityRejections: RejectedEntityInfo[] = [];
  const calls: string[] = [];
  const account = (key: string) => {
    const groups = accounts.get(key) ?? new Map<string, LogGroup>();
    accounts.set(key, groups);
    return groups;
  };
  const { url, received } = await startServer(t, async (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.')[1] as Operation;
    const input = JSON.parse(request.body.toString('utf8'));
    calls.push([operation, input.logGroupName, input.logStreamName].filter((part) => part !== undefined).join(' '));
    const fault = faults[operation].shift();
    const outcome = await outcomeOf(request, operation, input, account(accountOf(request)), fault);
    if (outcome.kind === 'reset') response.destroy();
    else if (outcome.kind === 'refused') refuse(response, outcome.error, outcome.status);
    else if (outcome.kind === 'done') {
      const isPut = operation === 'PutLogEvents';
      answer(response, 200, {
        rejectedLogEventsInfo: isPut ? rejections.shift() : undefined,
        rejectedEntityInfo: isPut ? entityRejections.shift() : undefined,
      });
    }
  });
  return {
    place: placeOf(url),
    account,
    events: (key, group, stream) => account(key).get(group)?.streams.get(stream) ?? [],
    faults,
    rejections,
    entityRejections,
    calls,
    received,
  };
}

type Outcome =
  | { readonly kind: 'done' | 'reset' | 'silent' }
  | { readonly kind: 'refused'; readonly error: string; readonly status: number };

async function outcomeOf(
  request: Received,
  operation: Operation,
  input: Input,
  groups: Map<string, LogGroup>,
  fault: LogsFault | undefined,
): Promise<Outcome> {
  const wrong = signatureProblem(request);
  if (wrong) return { kind: 'refused', error: wrong, status: 400 };
  if (fault && 'silent' in fault) return { kind: 'silent' };
  if (fault && 'error' in fault) return { kind: 'refused', error: fault.error, status: fault.status ?? 400 };
  if (fault && 'reset' in fault && !fault.stored) return { kind: 'reset' };
  if (fault && 'wait' in fault) await fault.wait;
  const error = carryOut(operation, input, groups);
  if (fault && 'reset' in fault) return { kind: 'reset' };
  return error ? { kind: 'refused', error, status: 400 } : { kind: 'done' };
}

interface Input {
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly retentionInDays: number;
  readonly logEvents: readonly LogEvent[];
}

/** @returns the name of the error, if any */
function carryOut(operation: Operation, input: Input, groups: Map<string, LogGroup>): string | undefined {
  const group = groups.get(input.logGroupName);
  if (operation === 'CreateLogGroup') {
    if (group) return 'ResourceAlreadyExistsException';
    groups.set(input.logGroupName, { retentionDays: undefined, streams: new Map() });
    return undefined;
  }
  if (!group) return 'ResourceNotFoundException';
  const events = group.streams.get(input.logStreamName);
  switch (operation) {
    case 'PutRetentionPolicy':
      group.retentionDays = input.retentionInDays;
      return undefined;
    case 'CreateLogStream':
      if (events) return 'ResourceAlreadyExistsException';
      group.streams.set(input.logStreamName, []);
      return undefined;
    case 'PutLogEvents':
      if (!events) return 'ResourceNotFoundException';
      if (input.logEvents.length === 0) return 'InvalidParameterException';
      events.push(...input.logEvents);
      return undefined;
  }
}

/** The body must be the one that was signed: its hash stands in a signed header, its length in another. */
function signatureProblem({ headers, body }: Received): string | undefined {
  const hash = createHash('sha256').update(body).digest('hex');
  const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? [];
  if (headers['x-amz-content-sha256'] !== hash || !signed.includes('x-amz-content-sha256')) {
    return 'InvalidSignatureException';
  }
  return Number(headers['content-length']) === body.length ? undefined : 'IncompleteBody';
}

function accountOf({ headers }: Received): string {
  return /Credential=([^/_]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
}

function refuse(response: ServerResponse, name: string, status: number): void {
  answer(response, status, { __type: `com.amazonaws.logs#${name}`, message: name });
}

function answer(response: ServerResponse, status: number, content: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(content));
}
