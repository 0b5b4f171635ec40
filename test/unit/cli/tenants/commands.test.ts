import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { parse, stringify } from 'yaml';
import { createTenantTable } from '../../../../service/cli/tenants/table.ts';
import { cli, cliEnvironment } from '../../../support/cli.ts';
import { startCliCloud } from '../../../support/cli-cloud.ts';
import { ITEM } from '../../../support/delivery.ts';
import { startDynamo, TENANT_TABLE } from '../../../support/dynamo.ts';

async function setUp(t: TestContext) {
  const dynamo = await startDynamo(t);
  const table = createTenantTable(dynamo.client, TENANT_TABLE);
  const folder = await mkdtemp(join(tmpdir(), 'tenants-'));
  t.after(() => rm(folder, { recursive: true }));
  const environment = cliEnvironment(dynamo.place);
  return {
    dynamo,
    table,
    tenants: (...args: string[]) => cli(['tenants', ...args], { environment }),
    environment,
    at: (answer: string, ...args: string[]) => cli(['tenants', ...args], { environment, answer }),
    input: (input: string, ...args: string[]) => cli(['tenants', ...args], { environment, input }),
    async file(name: string, text: string) {
      const path = join(folder, name);
      await writeFile(path, text);
      return path;
    },
  };
}

test('put writes a tenant from YAML, and says what changes before and after', async (t) => {
  const { tenants, table, file } = await setUp(t);
  const path = await file('acme.yaml', stringify({ ...ITEM, external_id: 'acme-secret-9vLr', retention_days: 30 }));
  const dry = await tenants('put', '-f', path, '--dry-run', '--json');
  assert.equal(dry.code, 0);
  assert.deepEqual(await table.of('acme'), []);

  const created = await tenants('put', '-f', path);
  assert.equal(created.code, 0);
  assert.match(created.out, /^acme\/cloudwatch {2}create\n/);
  assert.match(created.out, /^ {2}\+ external_id: \(hidden, ends with 9vLr\)$/m);
  assert.deepEqual(await table.of('acme'), [{ ...ITEM, external_id: 'acme-secret-9vLr', retention_days: 30 }]);

  await file('acme.yaml', stringify({ ...ITEM, external_id: 'acme-secret-9vLr', retention_days: 7, enabled: false }));
  const changed = await tenants('put', '-f', path, '--json');
  assert.deepEqual(changed.json(), {
    dry_run: false,
    tenants: [
      {
        tenant: 'acme',
        type: 'cloudwatch',
        action: 'change',
        changes: [
          { attribute: 'retention_days', before: '30', after: '7' },
          { attribute: 'enabled', before: null, after: 'false' },
        ],
      },
    ],
  });
  assert.match((await tenants('put', '-f', path)).out, /unchanged/);
});

test('get gives YAML that put takes back unchanged', async (t) => {
  const { dynamo, tenants, input } = await setUp(t);
  await dynamo.put(TENANT_TABLE, { ...ITEM, desired_logs: new Set(['api', 'web']), external_id: 'whole-secret' });
  await dynamo.put(TENANT_TABLE, { ...ITEM, type: 'cloudwatch#audit', account_id: '111122223333' });
  const { out } = await tenants('get', 'acme');
  assert.match(out, /external_id: whole-secret/);
  assert.equal(parse(out.split('---\n')[1] ?? '').type, 'cloudwatch#audit');
  const back = await input(out, 'put', '-f', '-');
  assert.equal(back.code, 0);
  assert.match(back.out, /^acme\/cloudwatch {2}unchanged\nacme\/cloudwatch#audit {2}unchanged\n$/);
});

test('a file with invalid tenants changes nothing, and every problem of every one is told', async (t) => {
  const { tenants, table, file } = await setUp(t);
  const items = [ITEM, { ...ITEM, tenant_id: 'bad', retention_days: 2, log_group_name: '{application}' }, ITEM];
  const { code, out, err } = await tenants('put', '-f', await file('x.json', JSON.stringify(items)));
  assert.equal(code, 2);
  assert.equal(out, '');
  assert.match(err, /nothing was written, 3 problems/);
  assert.match(err, /^bad\/cloudwatch: retention_days: must be one of .* \(got 2\)$/m);
  assert.match(err, /^bad\/cloudwatch: log_group_name: must begin with literal text/m);
  assert.match(err, /^acme\/cloudwatch: appears twice$/m);
  assert.deepEqual(await Array.fromAsync(table.all()), []);
});

test('what is valid and may not be meant is a warning: of the file, and of what is in the table beside it', async (t) => {
  const { dynamo, table, tenants, file } = await setUp(t);
  await dynamo.put(TENANT_TABLE, ITEM);
  const second = { ...ITEM, type: 'cloudwatch#second' };
  const path = await file(
    'second.json',
    JSON.stringify([second, { ...ITEM, tenant_id: 'a/b', target_region: 'cn-north-1' }]),
  );
  const put = await tenants('put', '-f', path);
  assert.equal(put.code, 0);
  assert.deepEqual(
    put.err.split('\n').filter((line) => line.includes('warning')),
    [
      'acme/cloudwatch#second: warning: cloudwatch writes to the same place in CloudWatch Logs: each event is delivered twice',
      'a/b/cloudwatch: warning: tenant_id: it must be percent-encoded in object keys, which then begin like logs/tenant_id=a%2Fb/cluster_id=x/environment=x/',
      'a/b/cloudwatch: warning: target_region: the partition of the role, aws, has no region cn-north-1',
    ],
  );
  assert.equal((await Array.fromAsync(table.all())).length, 3, 'and it is written');

  // A file that moves the first one away has nothing to warn of.
  const moved = await file('moved.json', JSON.stringify([second, { ...ITEM, log_group_name: '/moved' }]));
  assert.doesNotMatch((await tenants('put', '-f', moved, '--dry-run')).err, /warning/);
  // An import that leaves it alone does.
  assert.match((await tenants('import', await file('only.json', JSON.stringify([second])), '--dry-run')).err, /twice/);
});

test('a file that is not there is told in a sentence, status 2', async (t) => {
  const { tenants } = await setUp(t);
  const { code, err } = await tenants('put', '-f', 'no-such-file.yaml');
  assert.equal(code, 2);
  assert.equal(err, 'log-distributor: no-such-file.yaml: cannot be read (ENOENT)\n');
});

test('a write does not go over what somebody else has changed since it was read', async (t) => {
  const { dynamo, table } = await setUp(t);
  const seen = { ...ITEM, retention_days: 30, groups: new Set(['a']) };
  assert.ok(await table.write(undefined, seen));
  assert.equal(await table.write(undefined, seen), false);
  await dynamo.client.send(
    new PutItemCommand({ TableName: TENANT_TABLE, Item: marshall({ ...seen, retention_days: 7 }) }),
  );
  assert.equal(await table.write(seen, { ...seen, enabled: false }), false);
  assert.deepEqual(await table.of('acme'), [{ ...seen, retention_days: 7 }]);
  const disabled = { ...seen, enabled: false };
  assert.ok(await table.write({ ...seen, retention_days: 7 }, disabled));
  assert.equal(await table.write(seen, { ...seen, retention_days: 7 }), false, 'it has an attribute more by now');
  assert.deepEqual(await table.of('acme'), [disabled]);
});

test('disable and enable change all deliveries of a tenant, or the one that is named', async (t) => {
  const { dynamo, table, tenants } = await setUp(t);
  await dynamo.put(TENANT_TABLE, ITEM);
  await dynamo.put(TENANT_TABLE, { ...ITEM, type: 'cloudwatch#audit' });
  assert.equal((await tenants('disable', 'acme')).code, 0);
  assert.deepEqual(
    (await table.of('acme')).map(({ enabled }) => enabled),
    [false, false],
  );
  const enabled = await tenants('enable', 'acme', '--delivery', 'cloudwatch#audit');
  assert.match(enabled.out, /^acme\/cloudwatch#audit {2}change\n {2}~ enabled: false → true\n$/);
  assert.deepEqual(
    (await table.of('acme')).map(({ enabled }) => enabled),
    [false, true],
  );
});

test('an unknown tenant, and an unknown delivery of a known one, end with a sentence and the next step', async (t) => {
  const { dynamo, tenants } = await setUp(t);
  await dynamo.put(TENANT_TABLE, ITEM);
  const unknown = await tenants('enable', 'nobody');
  assert.equal(unknown.code, 2);
  assert.match(
    unknown.err,
    /tenant nobody is unknown in tenant-configurations: it has acme; `log-distributor tenants list` shows all/,
  );
  assert.match((await tenants('get', 'acne')).err, /tenant acne is unknown in .*: did you mean acme\?/);
  const delivery = await tenants('disable', 'acme', '--delivery', 'cloudwatch#x');
  assert.equal(delivery.code, 2);
  assert.match(delivery.err, /has no delivery cloudwatch#x, only cloudwatch /);
});

test('an invalid tenant cannot be enabled', async (t) => {
  const { dynamo, table, tenants } = await setUp(t);
  await dynamo.put(TENANT_TABLE, { ...ITEM, enabled: false, retention_days: 2 });
  assert.equal((await tenants('enable', 'acme')).code, 2);
  assert.equal((await table.of('acme'))[0]?.enabled, false);
});

test('list shows every delivery, and ends with status 1 when one is invalid', async (t) => {
  const { dynamo, tenants } = await setUp(t);
  assert.deepEqual(await tenants('list').then(({ code, out }) => [code, out]), [
    0,
    'no tenant in tenant-configurations\n',
  ]);
  await dynamo.put(TENANT_TABLE, ITEM);
  assert.equal((await tenants('list')).code, 0);
  await dynamo.put(TENANT_TABLE, { ...ITEM, tenant_id: 'zeta', retention_days: 2 });
  const all = await tenants('list');
  assert.equal(all.code, 1);
  assert.match(all.out, /^acme {4}cloudwatch {2}enabled {2}us-east-1 {2}arn:/m);
  assert.match(all.out, /^invalid {2}zeta\/cloudwatch {2}retention_days: /m);
  const invalid = (await tenants('list', '--invalid', '--json')).json() as { tenant: string }[];
  assert.deepEqual(
    invalid.map(({ tenant }) => tenant),
    ['zeta'],
  );
});

test('import leaves tenants that are there alone, unless it is told to overwrite', async (t) => {
  const { dynamo, table, tenants, file } = await setUp(t);
  await dynamo.put(TENANT_TABLE, { ...ITEM, retention_days: 30 });
  const lines = ['acme', 'beta']
    .map((tenant_id) => JSON.stringify({ Item: marshall({ ...ITEM, tenant_id }) }))
    .join('\n');
  const path = await file('export.json', lines);
  const first = await tenants('import', path, '--json');
  const actions = ({ json }: typeof first) =>
    (json() as { tenants: { tenant: string; action: string }[] }).tenants.map(({ tenant, action }) => [tenant, action]);
  assert.deepEqual(actions(first), [
    ['acme', 'left alone'],
    ['beta', 'create'],
  ]);
  assert.equal((await table.of('acme'))[0]?.retention_days, 30);
  assert.deepEqual(actions(await tenants('import', path, '--overwrite', '--json')), [
    ['acme', 'change'],
    ['beta', 'unchanged'],
  ]);
  assert.equal((await table.of('acme'))[0]?.retention_days, undefined);
});

test('at a terminal the changes are shown before they are made, and only yes makes them', async (t) => {
  const { table, at, file } = await setUp(t);
  const path = await file('acme.yaml', stringify(ITEM));
  const no = await at('n', 'put', '-f', path);
  assert.equal(no.code, 1);
  assert.match(no.err, /acme\/cloudwatch {2}create\n {2}\+ tenant_id: "acme"\n.*nothing was done/s);
  assert.deepEqual(await table.of('acme'), []);
  assert.equal((await at('y', 'put', '-f', path)).code, 0);
  assert.deepEqual(await table.of('acme'), [ITEM]);
});

test('an import that is interrupted tells what was not written', async (t) => {
  const { table, environment, file } = await setUp(t);
  const path = await file('two.json', JSON.stringify([ITEM, { ...ITEM, tenant_id: 'beta' }]));
  const interrupt = new AbortController();
  interrupt.abort();
  const { code, out, err } = await cli(['tenants', 'import', path], { environment, signal: interrupt.signal });
  assert.equal(code, 1);
  assert.match(out, /^acme\/cloudwatch {2}not written$/m);
  assert.match(err, /interrupted: acme\/cloudwatch, beta\/cloudwatch not written; repeat the command/);
  assert.deepEqual(await Array.fromAsync(table.all()), []);
});

test('a tenant whose attributes are lists and maps is disabled and written like any other', async (t) => {
  const { run, deps, pipeline } = await startCliCloud(t);
  const item = { ...ITEM, desired_logs: ['api', 'worker'], tags_of_another_system: { team: ['a', 'b'] } };
  await deps.dynamo.send(new PutItemCommand({ TableName: pipeline.tenantTable, Item: marshall(item) }));
  const disabled = await run(['tenants', 'disable', 'acme']);
  assert.equal(disabled.code, 0, disabled.err);
  const input = JSON.stringify({ ...ITEM, desired_logs: ['api'] });
  const written = await run(['tenants', 'put', '-f', '-', '--json'], { input });
  assert.equal(written.code, 0, written.err);
  assert.match(written.out, /"action": "change"/);
});
