import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, test } from 'node:test';
import { mergeStatus } from '../../../../service/cli/status/merge.ts';
import type { CircuitStatus, TenantStatus } from '../../../../service/run/stats/tenant-stats.ts';
import type { Status } from '../../../../service/run/watch/status.ts';
import { cli } from '../../../support/cli.ts';
import { startCliCloud } from '../../../support/cli-cloud.ts';
import { buildTenant } from '../../../support/tenant.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const circuit = (since: string, more: Partial<CircuitStatus> = {}): CircuitStatus => ({
  delivery: 'cloudwatch',
  state: 'open',
  code: 'destination-unavailable',
  message: 'CloudWatch Logs does not answer',
  since,
  next_try_at: since,
  ...more,
});
const tenantStatus = (tenant: string, messages: number, first: string | null, ...circuits: CircuitStatus[]) =>
  ({ tenant, parked: { messages, first_dead_letter_at: first }, circuits }) as unknown as TenantStatus;
const statusOf = (...tenants: TenantStatus[]): Pick<Status, 'state' | 'version' | 'places' | 'tenants'> => ({
  state: 'receiving',
  version: '1',
  places: [],
  tenants,
});
const PLACE = {
  place: 'CloudWatch Logs in eu-west-1',
  state: 'open',
  since: '2026-01-31T11:00:00Z',
  next_try_at: '2026-01-31T12:01:00Z',
  tenants: 3,
} as const;

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

/** A task that answers this. @returns where it listens */
async function taskOf(status: unknown, code = 200): Promise<string> {
  const server = createServer((_, response) => response.writeHead(code).end(JSON.stringify(status)));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

test('parked messages of all tasks add up; the first dead letter and the longest trouble are shown', () => {
  const one = statusOf(
    tenantStatus('acme', 3, '2026-02-01T10:00:00.000Z', circuit('2026-01-31T11:30:00Z')),
    tenantStatus('well', 0, null),
  );
  const two = statusOf(tenantStatus('acme', 4, '2026-02-01T09:00:00.000Z', circuit('2026-01-31T11:00:00Z')));
  const { tenants } = mergeStatus([
    { url: 'a', status: one },
    { url: 'b', status: two },
  ]);
  assert.deepEqual(
    tenants.map(({ tenant, parked, first_dead_letter_at, deliveries }) => [
      tenant,
      parked,
      first_dead_letter_at,
      deliveries.map(({ since }) => since),
    ]),
    [['acme', 7, '2026-02-01T09:00:00.000Z', ['2026-01-31T11:00:00Z']]],
  );
});

test('it prints what is wrong and ends with status 1', async () => {
  const status = {
    ...statusOf(tenantStatus('acme', 1_200, '2026-01-31T15:00:00.000Z', circuit('2026-01-31T11:30:00Z'))),
    places: [PLACE],
  };
  const url = await taskOf(status);
  const { code, out } = await cli(['status', '--url', url], { environment: {}, nowMs: () => NOON_MS });
  assert.equal(code, 1);
  assert.equal(
    out,
    `${url}  receiving, version 1
no answer  CloudWatch Logs in eu-west-1: 3 tenants since 2026-01-31T11:00:00Z; next attempt at 2026-01-31T12:01:00Z
acme
  cloudwatch  destination-unavailable, open since 2026-01-31T11:30:00Z
    CloudWatch Logs does not answer
  1,200 messages are parked; the first becomes a dead letter at 2026-01-31T15:00:00.000Z, in 3.0 hours
`,
  );
});

test('where nothing is wrong it says so, and ends with status 0', async () => {
  const url = await taskOf(statusOf(tenantStatus('well', 0, null)));
  const { code, out } = await cli(['status', '--url', `${url}/`], { environment: {} });
  assert.deepEqual([code, out.split('\n').at(-2)], [0, 'No tenant is in trouble.']);
});

test('one tenant only, as JSON', async () => {
  const url = await taskOf(statusOf(tenantStatus('acme', 1, null), tenantStatus('globex', 2, null)));
  const { json } = await cli(['status', '--url', url, '--tenant', 'globex', '--json'], { environment: {} });
  const { tenants } = json() as { tenants: readonly { tenant: string }[] };
  assert.deepEqual(
    tenants.map(({ tenant }) => tenant),
    ['globex'],
  );
});

test('a tenant that no task has seen is asked of the table: one that is not there is a usage error that names what there is', async (t) => {
  const { run } = await startCliCloud(t, [buildTenant('acme', '111111111111')]);
  const url = await taskOf(statusOf(tenantStatus('globex', 0, null)));
  const slip = await run(['status', '--url', url, '--tenant', 'acmee']);
  assert.equal(slip.code, 2);
  assert.match(slip.err, /tenant acmee is unknown in \S+: did you mean acme\?/);
  for (const tenant of ['acme', 'globex']) {
    const { code, out } = await run(['status', '--url', url, '--tenant', tenant]);
    assert.deepEqual([code, out.split('\n').at(-2)], [0, 'No tenant is in trouble.'], tenant);
  }
});

test('a task that cannot be asked is named, with the reason', async () => {
  const refusing = await taskOf({}, 503);
  const other = await taskOf({ is: 'something else' });
  const ask = async (url: string) => (await cli(['status', '--url', url], { environment: {} })).err;
  assert.match(await ask(refusing), /did not return its status: it answered with status 503/);
  assert.match(await ask(other), /did not return its status: this is not the status of a log distributor/);
  assert.match(await ask('http://127.0.0.1:1'), /did not return its status: .+/);
  assert.equal((await cli(['status'], { environment: {} })).code, 2);
});
