import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misspeltSettings, nearest } from '../../../service/base/nearest.ts';
import { SETTING_NAMES } from '../../../service/base/settings.ts';

test('a name with up to two letters wrong, missing or too many is the nearest of those that there are', () => {
  const names = ['object-gone', 'object-archived', 'tenant-unknown'];
  for (const text of ['object-gone', 'object_gone', 'objectgone', 'object-goneee', 'objcet-gone']) {
    assert.equal(nearest(text, names), 'object-gone', text);
  }
  assert.equal(nearest('object-lost', names), undefined);
  assert.equal(nearest('ab', ['ac']), undefined, 'of a short name every letter counts');
  assert.equal(nearest('anything', []), undefined);
});

/** Variables that stand beside settings in real environments. */
const INNOCENT = [
  'DB_URL',
  'DLQ_ARN',
  'SQS_QUEUE_ARN',
  'SMTP_PORT',
  'FTP_HOST',
  'HTTPS_PORT',
  'HTTPS_HOST',
  'HTTP_PROXY',
  'LOG_LABEL',
  'AWS_PROFILE',
  'npm_config_cache',
];

test('a variable that is almost a setting is reported; settings, empty variables and all others are not', () => {
  const environment = {
    LEASE_SECOND: '30',
    LEASE_SECONDS: '30',
    LOGLEVEL: 'info',
    PARK_HOUR: '',
    PATH: '/bin',
    A: '1',
    ...Object.fromEntries(INNOCENT.map((name) => [name, 'x'])),
  };
  assert.deepEqual(misspeltSettings(environment, SETTING_NAMES), [
    'LEASE_SECOND: is not a setting; did you mean LEASE_SECONDS?',
    'LOGLEVEL: is not a setting; did you mean LOG_LEVEL?',
  ]);
});
