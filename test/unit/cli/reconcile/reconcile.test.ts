import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { startCliCloud } from '../../../support/cli-cloud.ts';
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
