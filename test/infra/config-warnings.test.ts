import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf, type Overrides } from '../../infra/config/config.ts';
import { knownEnvironments } from '../../infra/config/file.ts';
import { warningsOf } from '../../infra/config/warnings.ts';

const EMAILS = { alerts: { emails: ['somebody@example.com'] } };

test('the environments that are here give no reason for a warning, once production has a reader of its alarms', () => {
  for (const environment of knownEnvironments()) assert.deepEqual(warningsOf(configOf(environment, EMAILS)), []);
});

const DOUBTS: readonly [environment: string, overrides: Overrides, warning: string][] = [
  ['production', {}, 'alerts.emails: is empty: alarms reach only those who subscribe to the topic (got [])'],
  [
    'production',
    { production: false },
    'production: nothing protects this environment from being destroyed (got false)',
  ],
  [
    'staging',
    { storage: { deepArchiveDays: 100 } },
    'storage.deepArchiveDays: Glacier bills 90 days for what leaves it earlier; glacierDays is 90 (got 100)',
  ],
  [
    'production',
    { ...EMAILS, storage: { retentionDays: 366 } },
    'storage.retentionDays: Deep Archive bills 180 days for what leaves it earlier; deepArchiveDays is 365 (got 366)',
  ],
  [
    'production',
    { ...EMAILS, distributor: { spotOnly: true } },
    'distributor.spotOnly: delivers nothing while Fargate Spot has no capacity (got true)',
  ],
  [
    'staging',
    { network: { cidr: '8.8.0.0/16' } },
    'network.cidr: is not a private block: addresses there that belong to others cannot be reached (got "8.8.0.0/16")',
  ],
  [
    'staging',
    { writers: { externalId: 'between-us' } },
    'writers.externalId: has no effect, because writers.principals names nobody (got "between-us")',
  ],
  [
    'staging',
    { writers: { externalId: 'between-us', principals: ['arn:aws:iam::111111111111:root'] } },
    'writers.principals: lets everybody of an account write whom that account allows to; name a role (got ["arn:aws:iam::111111111111:root"])',
  ],
  [
    'staging',
    { region: 'us-gov-west-1' },
    'budget: aws-us-gov may lack Budgets or anomaly detection; monthlyUsd: null and anomalyUsd: null leave them out (got {"monthlyUsd":300,"alertPercents":[80,100,120],"anomalyUsd":50})',
  ],
  ['staging', { budget: { alertPercents: [] } }, 'budget.alertPercents: is empty: the budget alerts nobody (got [])'],
];
for (const [environment, overrides, warning] of DOUBTS) {
  test(`what is probably not meant is said: ${warning}`, () => {
    assert.deepEqual(warningsOf(configOf(environment, overrides)), [warning]);
  });
}
