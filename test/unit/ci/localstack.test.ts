import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');

test('CI installs the version of LocalStack that docker-compose.yml runs', () => {
  const version = /image: localstack\/localstack:(\S+)/.exec(read('docker-compose.yml'))?.[1];
  assert.equal(read('.ci/localstack.txt'), `localstack-core[runtime]==${version}\n`);
});
