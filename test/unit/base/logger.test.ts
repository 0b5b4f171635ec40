import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { DistributorError } from '../../../service/base/errors.ts';
import { errorFields } from '../../../service/base/logger.ts';

const MODULE = new URL('../../../service/base/logger.ts', import.meta.url).href;

/** Logs in a process of its own, as the logger writes to standard output, and gives back what came out. */
function printed(statements: string): Record<string, unknown>[] {
  const program = `import { createLogger } from ${JSON.stringify(MODULE)};\n${statements}`;
  const out = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test('a line is JSON with the level by name, an ISO time, the service, the fields and a sentence', () => {
  const [line, ...more] = printed(
    `createLogger('info', { thread: 3 }).info({ object: 's3://b/k' }, 'object delivered')`,
  );
  assert.deepEqual(more, []);
  const { time, ...rest } = line ?? {};
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(rest, {
    level: 'info',
    service: 'log-distributor',
    thread: 3,
    object: 's3://b/k',
    msg: 'object delivered',
  });
});

test('lines below the level are not written', () => {
  const lines = printed(`const l = createLogger('warn'); l.info('no'); l.warn('yes'); l.error('yes')`);
  assert.deepEqual(
    lines.map(({ level, msg }) => [level, msg]),
    [
      ['warn', 'yes'],
      ['error', 'yes'],
    ],
  );
});

test('credentials that somebody logs by mistake are hidden, at the top and one level below', () => {
  const session = { accessKeyId: 'AKIA', secretAccessKey: 'SECRET', sessionToken: 'TOKEN' };
  const [nested, top, wrapped] = printed(`
    const logger = createLogger('info');
    const session = ${JSON.stringify(session)};
    logger.info({ session }, 'nested');
    logger.info(session, 'top');
    logger.info({ credentials: session, client: { credentials: session } }, 'wrapped');
  `);
  assert.deepEqual(nested?.session, { accessKeyId: 'AKIA', secretAccessKey: '[hidden]', sessionToken: '[hidden]' });
  assert.deepEqual([top?.secretAccessKey, top?.sessionToken], ['[hidden]', '[hidden]']);
  assert.deepEqual([wrapped?.credentials, wrapped?.client], ['[hidden]', { credentials: '[hidden]' }]);
});

test('the fields of an error are its message, its code and what caused it', () => {
  const cause = new TypeError('socket hang up');
  assert.deepEqual(errorFields(new DistributorError('object-unreadable', 's3://b/k could not be read', { cause })), {
    error: 's3://b/k could not be read',
    code: 'object-unreadable',
    cause: 'TypeError: socket hang up',
  });
  assert.deepEqual(errorFields(new Error('plain')), { error: 'plain' });
  assert.deepEqual(errorFields('thrown text'), { error: 'thrown text' });
  assert.deepEqual(errorFields(Object.assign(new Error('x'), { code: 42, cause: 'text' })), { error: 'x' });
});

test('the request and response that SDK errors carry never reach a line', () => {
  const sdkError = Object.assign(new Error('Access Denied'), {
    name: 'AccessDenied',
    $response: { headers: { authorization: 'AWS4-HMAC SECRET' } },
    $metadata: { httpStatusCode: 403 },
  });
  const wrapped = new DistributorError('object-forbidden', 'may not be read', { cause: sdkError });
  for (const error of [sdkError, wrapped]) {
    assert.doesNotMatch(JSON.stringify(errorFields(error)), /SECRET|response|metadata/i);
  }
});
