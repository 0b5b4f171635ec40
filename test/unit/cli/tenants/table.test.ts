import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDynamoClient } from '../../../../service/aws/sdk/dynamo.ts';
import { readToolSettings } from '../../../../service/base/settings.ts';
import { createTenantTable } from '../../../../service/cli/tenants/table.ts';
import { startServer } from '../../../support/server.ts';
import { until } from '../../../support/until.ts';

test('an interrupt ends a read of the table that is not answered, and does not wait for its time to be over', async (t) => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  const { url, received } = await startServer(t, () => {});
  const client = createDynamoClient(readToolSettings({ AWS_ENDPOINT_URL: url, AWS_REGION: 'us-east-1' }));
  t.after(() => client.destroy());
  for (const read of ['all', 'of'] as const) {
    const interrupt = new AbortController();
    const before = received.length;
    const table = createTenantTable(client, 'tenants', interrupt.signal);
    const reading = read === 'all' ? table.all().next() : table.of('acme');
    await until(() => received.length > before, 'the table is asked');
    interrupt.abort();
    await assert.rejects(reading, { name: 'AbortError' });
  }
});
