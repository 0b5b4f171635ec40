import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWanted } from '../../../local/workload/filter.ts';
import { takeRecords } from '../../../local/workload/object.ts';
import type { LogRecord } from '../../../local/workload/record.ts';
import { isAtLeast } from '../../../local/workload/record.ts';
import { createRecordSource, plainApplication, SHOP } from '../../../local/workload/source.ts';

const FROM_MS = Date.UTC(2026, 5, 24, 11);
const TO_MS = FROM_MS + 600_000;
const OPTIONS = { seed: 'test', tenantId: 'acme-corp', clusterId: 'eu-1', environment: 'prod' };

const take = (messageBytes: number, options: Partial<Parameters<typeof createRecordSource>[0]> = {}): LogRecord[] =>
  takeRecords(createRecordSource({ ...OPTIONS, ...options }), messageBytes, FROM_MS, TO_MS);

test('the same seed gives the same records, another tenant gives others', () => {
  assert.deepEqual(take(50_000), take(50_000));
  const others = take(50_000, { tenantId: 'globex' });
  assert.notEqual(others[0]?.message, take(50_000)[0]?.message);
  assert.ok(others.every((record) => record.customer_tenant === 'globex'));
});

test('messages come to the asked bytes, in time order within the asked time', () => {
  const records = take(200_000);
  const bytes = records.reduce((sum, record) => sum + Buffer.byteLength(record.message), 0);
  assert.ok(bytes >= 200_000 && bytes < 202_000, `${bytes} bytes`);
  let last = FROM_MS;
  for (const { timestamp } of records) {
    assert.ok(Number.isInteger(timestamp) && timestamp >= last && timestamp < TO_MS);
    last = timestamp;
  }
});

test('the mix has every application and kind of text: many lines, escapes, characters beyond the basic plane', () => {
  const records = take(1_000_000);
  assert.deepEqual(new Set(records.map((r) => r.application)), new Set(SHOP.map((a) => a.name)));
  const messages = records.map((r) => r.message);
  for (const [what, pattern] of Object.entries({
    'stack trace': /Exception: .*\n\tat /,
    'JSON object': /^\{.*\}$/,
    quote: /\\"/,
    backslash: /\\\\/,
    'control character': /\n/,
    surrogate: /[\u{10000}-\u{10ffff}]/u,
    'right to left': /\p{Script=Arabic}/u,
    klog: /^[IWE]\d{4} \d\d:\d\d:\d\d\.\d{6} {7}1 \w+\.go:\d+\] /,
    nginx: /^10\.\d+\.\d+\.\d+ - - \[\d\d\/[A-Z][a-z]{2}\/2026:11:\d\d:\d\d \+0000\] "/,
    logfmt: /^ts=\S+ level=\w+ /,
  })) {
    assert.ok(
      messages.some((message) => pattern.test(message)),
      `no message with a ${what}`,
    );
  }
  assert.ok(messages.every((message) => message.isWellFormed()));
});

test('messages are as long as real ones: 50 to 1,600 bytes, some 200 on average', () => {
  const sizes = take(2_000_000).map((record) => Buffer.byteLength(record.message));
  const mean = sizes.reduce((a, b) => a + b) / sizes.length;
  assert.ok(Math.min(...sizes) >= 50, `shortest ${Math.min(...sizes)}`);
  assert.ok(Math.max(...sizes) <= 1_600 && Math.max(...sizes) >= 1_000, `longest ${Math.max(...sizes)}`);
  assert.ok(mean > 180 && mean < 260, `mean ${mean}`);
});

test('plain messages have exactly the asked size and differ from one another', () => {
  const records = take(100_000, { applications: [plainApplication(250)] });
  assert.equal(records.length, 400);
  assert.ok(records.every((record) => Buffer.byteLength(record.message) === 250));
  assert.equal(new Set(records.map((record) => record.message)).size, 400);
});

test('levels are compared by severity, whatever the spelling', () => {
  assert.deepEqual(
    ['debug', 'DEBUG', 'info', 'I', 'W', 'warn', 'ERROR', 'E'].map((level) => isAtLeast(level, 'warn')),
    [false, false, false, false, true, true, true, true],
  );
  assert.throws(() => isAtLeast('loud', 'warn'), /loud/);
});

test('a filter by application and level leaves what both want', () => {
  const records = take(500_000);
  const wanted = { applications: ['payments', 'gateway'], minLevel: 'warn' } as const;
  const left = records.filter((record) => isWanted(record, wanted));
  assert.deepEqual(new Set(left.map((r) => r.application)), new Set(['payments', 'gateway']));
  assert.deepEqual(new Set(left.map((r) => r.log_level)), new Set(['WARN', 'ERROR', 'warn', 'error']));
  assert.ok(records.every((record) => isWanted(record, {})));
});
