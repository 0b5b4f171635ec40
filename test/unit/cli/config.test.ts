import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETTING_NAMES } from '../../../service/base/settings.ts';
import { type ConfigRow, configRows } from '../../../service/cli/config.ts';
import { cli } from '../../support/cli.ts';

const RIGHT = { SQS_QUEUE_URL: 'https://sqs/1/logs', DLQ_URL: 'https://sqs/1/dead' };

test('every setting is shown with its value and where that came from', () => {
  const rows = new Map(configRows({ ...RIGHT, HTTP_PORT: ' 9090 ', LOG_LEVEL: '' }).map((row) => [row.name, row]));
  assert.deepEqual([...rows.keys()], [...SETTING_NAMES]);
  assert.deepEqual(rows.get('HTTP_PORT'), { name: 'HTTP_PORT', value: '9090', from: 'environment' });
  assert.deepEqual(rows.get('LOG_LEVEL'), { name: 'LOG_LEVEL', value: 'info', from: 'default' });
  assert.deepEqual(rows.get('APPLICATION_GROUPS'), { name: 'APPLICATION_GROUPS', value: '{}', from: 'default' });
  assert.deepEqual(rows.get('DISTRIBUTOR_ROLE_ARN'), { name: 'DISTRIBUTOR_ROLE_ARN', value: null, from: 'not set' });
});

test('secrets are hidden: of keys, tokens and URLs', async () => {
  const { out } = await cli(['config', '--json'], {
    environment: {
      ...RIGHT,
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret-1',
      AWS_SESSION_TOKEN: 'secret-2',
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/secret-3',
      AWS_ENDPOINT_URL: 'http://user:secret-4@localhost:4566',
    },
  });
  assert.doesNotMatch(out, /secret-/);
  assert.match(out, /AKIAEXAMPLE/);
  assert.match(out, /http:\/\/\(hidden\)@localhost:4566/);
});

test('a region of a profile says so, and a misspelt setting is a warning with the name that was probably meant', async () => {
  const environment = { ...RIGHT, AWS_REGION: 'eu-west-3', LEASE_SECOND: '30' };
  const { code, json } = await cli(['config', '--json'], { environment, regionFrom: 'profile prod' });
  const { settings, warnings } = json() as { settings: ConfigRow[]; warnings: string[] };
  assert.equal(code, 0);
  assert.deepEqual(
    settings.find(({ name }) => name === 'AWS_REGION'),
    { name: 'AWS_REGION', value: 'eu-west-3', from: 'profile prod' },
  );
  assert.deepEqual(warnings, ['LEASE_SECOND: is not a setting; did you mean LEASE_SECONDS?']);
});

test('what would keep the service from starting is told, all of it, with status 1', async () => {
  const { code, out } = await cli(['config'], { environment: { ...RIGHT, HTTP_PORT: 'eighty', PARK_HOURS: '0' } });
  assert.equal(code, 1);
  assert.match(out, /^wrong {2}HTTP_PORT: must be a whole number from 0 to 65535 \(got "eighty"\)$/m);
  assert.match(out, /^wrong {2}PARK_HOURS: /m);
  assert.equal((await cli(['config'], { environment: RIGHT })).code, 0);
});
