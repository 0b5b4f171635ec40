import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { startCliCloud } from '../../../support/cli-cloud.ts';
import { reportAllRead } from '../../../support/fleet.ts';
import { buildTenant, keyOf } from '../../../support/tenant.ts';

const line = JSON.stringify({ message: 'm', timestamp: 0 });

test('wrong times and names are usage errors that say what is allowed', async (t) => {
  const { run, pipeline } = await startCliCloud(t, [buildTenant('acme', '111111111111')]);
  const cases: [readonly string[], RegExp][] = [
    [['--from', '1h'], /give --bucket, or set RECONCILE_BUCKET/],
    [['--bucket', pipeline.bucket], /give --from/],
    [
      ['--bucket', pipeline.bucket, '--from', '14d'],
      /--from: is more than 13 days ago .* the ledger may have forgotten/,
    ],
    [['--bucket', pipeline.bucket, '--from', '1h', '--to', '2h'], /--from: must be before --to/],
    [['--bucket', pipeline.bucket, '--from', '2999-01-01', '--to', '2999-01-02'], /--to: is in the future/],
    [['--bucket', pipeline.bucket, '--from', '1h', '--tenant', 'acme-corp'], /acme/],
  ];
  for (const [args, sentence] of cases) {
    const { code, err } = await run(['reconcile', ...args]);
    assert.equal(code, 2, err);
    assert.match(err, sentence);
  }
});

test('without a task nothing is judged while the queue holds messages; an empty queue says that all is read', async (t) => {
  const { run, put, cloud, deps, pipeline } = await startCliCloud(t, [buildTenant('acme', '111111111111')]);
  await put(keyOf('acme', 'a.log'), line);
  await cloud.settled();
  const reconcile = (...args: string[]) =>
    run(['reconcile', '--bucket', pipeline.bucket, '--from', '1h', ...args], {
      // Everything that was put is old enough.
      nowMs: Date.now,
    });
  const waiting = await reconcile();
  assert.equal(waiting.code, 1);
  assert.match(waiting.err, /the queue holds \d+ messages and no task says how far it is read: start the service/);
  await deps.sqs.send(new PurgeQueueCommand({ QueueUrl: pipeline.queueUrl }));
  // The quarter of an hour that S3 has is not over.
  const young = await reconcile('--json');
  assert.equal(young.code, 0);
  assert.deepEqual((young.json() as { objects: Record<string, number> }).objects.pending, 1);
  assert.match((await reconcile()).out, /^0 are lost: no delivery is done, and no message announces them$/m);
});

test('where so much is lost that the ledger may be wrong, a person must say so: at a terminal, or by --many', async (t) => {
  const { run, put, deps, pipeline, environment } = await startCliCloud(t, [buildTenant('acme', '111111111111')]);
  for (let n = 0; n < 101; n++) await put(keyOf('acme', `${n}.log`), line);
  await reportAllRead(deps.dynamo, pipeline.ledgerTable);
  const repair = (args: readonly string[], answer?: string) =>
    run(
      [
        'reconcile',
        '--bucket',
        pipeline.bucket,
        '--from',
        '1h',
        '--repair',
        '--rate',
        '1000',
        '--backlog',
        '1000',
        ...args,
      ],
      {
        environment: { ...environment, RECONCILE_GRACE_SECONDS: '1' },
        nowMs: () => Date.now() + 60_000,
        ...(answer === undefined ? {} : { answer: async () => answer }),
      },
    );
  const refused = await repair(['--yes']);
  assert.equal(refused.code, 2, refused.err);
  assert.match(refused.err, /101 of the 101 .* --many/);
  const declined = await repair([], 'n');
  assert.equal(declined.code, 1);
  assert.match(declined.err, /nothing was done/);
  assert.match(declined.err, /101 of the 101 objects that were compared are lost.*lost or restored/s);
  const done = await repair(['--yes', '--many', '--json']);
  assert.equal(done.code, 0, done.err);
  assert.deepEqual((done.json() as { repaired: unknown }).repaired, {
    announced: 101,
    announced_before: 0,
    given_up: 0,
  });
  // What somebody has decided on is decided.
  const again = await repair(['--yes', '--json']);
  assert.equal(again.code, 0, again.err);
});
