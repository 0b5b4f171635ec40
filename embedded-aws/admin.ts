import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { ZodError } from 'zod';
import type { Calls } from './calls.ts';
import type { Faults } from './faults/faults.ts';
import type { FaultRule } from './faults/rule.ts';
import type { LogsStore, Selection } from './logs/store.ts';

export interface AdminDeps {
  readonly faults: Faults;
  readonly calls: Calls;
  readonly logs: LogsStore;
}

export const ADMIN_PREFIX = '/_cloud/';
const BODY_CHARACTERS_MAX = 1024 * 1024;
/** Lines are written together; each would otherwise be a system call. */
const CHUNK_CHARACTERS = 256 * 1024;

/**
 * What the cloud tells and takes beside AWS's own calls:
 *
 *     GET    /_cloud/health
 *     GET    /_cloud/calls             counts by service, action, account, outcome
 *     DELETE /_cloud/calls
 *     GET    /_cloud/faults            rules in force, with how often each struck
 *     POST   /_cloud/faults            adds a rule
 *     DELETE /_cloud/faults[/ID]
 *     GET    /_cloud/logs?account=&group=     NDJSON of every event: account, region, group, stream, timestamp, message,
 *                                             sequence, requestId, and entity where there is
 *                                             one; `group` is a prefix
 */
export function createAdmin({ faults, calls, logs }: AdminDeps) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const [name = '', id] = url.pathname.slice(ADMIN_PREFIX.length).split('/');
    switch (`${request.method} ${name}`) {
      case 'GET health':
        return send(response, 200, { status: 'ok' });
      case 'GET calls':
        return send(response, 200, calls.list());
      case 'DELETE calls':
        calls.reset();
        return send(response, 204);
      case 'GET faults':
        return send(response, 200, faults.list());
      case 'POST faults':
        return addFault(faults, request, response);
      case 'DELETE faults':
        if (id === undefined) faults.clear();
        else if (!faults.remove(id)) return send(response, 404, { error: `there is no fault rule ${id}` });
        return send(response, 204);
      case 'GET logs':
        return sendLogs(logs, url.searchParams, response);
      default:
        return send(response, 404, { error: `there is no ${request.method} ${url.pathname}` });
    }
  };
}

async function addFault(faults: Faults, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  if (body.length > BODY_CHARACTERS_MAX) return send(response, 413, { error: 'the rule is too large' });
  try {
    // Whatever it is: the rule's schema judges it.
    const rule: FaultRule = JSON.parse(body);
    return send(response, 201, faults.add(rule));
  } catch (error) {
    if (error instanceof ZodError) return send(response, 400, { error: 'not a fault rule', issues: error.issues });
    if (error instanceof SyntaxError) return send(response, 400, { error: 'the body is no JSON' });
    throw error;
  }
}

async function sendLogs(logs: LogsStore, params: URLSearchParams, response: ServerResponse): Promise<void> {
  const selection = { account: params.get('account') ?? undefined, groupPrefix: params.get('group') ?? undefined };
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  try {
    await pipeline(lines(logs, selection), response);
  } catch (error) {
    // A reader that has seen enough is no trouble.
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE')) throw error;
  }
}

function* lines(logs: LogsStore, selection: Selection): Generator<string, void, undefined> {
  let chunk = '';
  for (const event of logs.read(selection)) {
    chunk += `${JSON.stringify(event)}\n`;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function send(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : `${JSON.stringify(body)}\n`);
}
