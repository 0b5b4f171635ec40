import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asDistributorError, DistributorError, ERROR_CODES } from '../../../service/base/errors.ts';
import {
  errorOf,
  failureReport,
  logUnexpected,
  type ObjectReport,
  toReport,
} from '../../../service/delivery/report.ts';
import type { DeliveryResult } from '../../../service/delivery/run-delivery.ts';
import { createTestLogger } from '../../support/logger.ts';
import { LOGS_PLACE, STS_PLACE } from '../../support/places.ts';
import { TASK } from '../../support/scene.ts';

const COUNTS = { read: 5, delivered: 2, filtered: 1, rejected: 1, quarantined: 1 };

/** What the other thread gets. */
const cross = (report: ObjectReport): ObjectReport => structuredClone(report);

test('results of every kind cross to another thread and stay what they are', () => {
  const results: DeliveryResult[] = [
    { type: 'cloudwatch', place: LOGS_PLACE, kind: 'done', counts: COUNTS, format: 'ndjson+gzip', accepted: true },
    { type: 'cloudwatch#a', kind: 'duplicate', counts: COUNTS },
    { type: 'cloudwatch#b', kind: 'skipped' },
    { type: 's3', kind: 'held' },
    {
      type: 'cloudwatch#c',
      kind: 'failed',
      error: new DistributorError('lease-held', 'somebody is at it', {
        cause: new Error('inside'),
        retryAfterMs: 1_500,
      }),
      counts: COUNTS,
      accepted: false,
    },
    {
      type: 'cloudwatch#d',
      kind: 'failed',
      error: new DistributorError('memory-short', 'a dictionary', { neededBytes: 100_000_000 }),
      counts: COUNTS,
      accepted: false,
    },
  ];
  assert.deepEqual(cross(toReport(results, 'us-east-1')).lines, [
    {
      type: 'cloudwatch',
      kind: 'done',
      counts: COUNTS,
      format: 'ndjson+gzip',
      accepted: true,
      place: LOGS_PLACE,
    },
    { type: 'cloudwatch#a', kind: 'duplicate', counts: COUNTS },
    { type: 'cloudwatch#b', kind: 'skipped' },
    { type: 's3', kind: 'held' },
    {
      type: 'cloudwatch#c',
      kind: 'failed',
      code: 'lease-held',
      message: 'somebody is at it',
      counts: COUNTS,
      accepted: false,
      retryAfterMs: 1_500,
    },
    {
      type: 'cloudwatch#d',
      kind: 'failed',
      code: 'memory-short',
      message: 'a dictionary',
      counts: COUNTS,
      accepted: false,
      neededBytes: 100_000_000,
    },
  ]);
});

test('an error of any code is on the other side what it was on this one', () => {
  for (const code of ERROR_CODES) {
    const error = new DistributorError(code, `it is ${code}`);
    for (const report of [
      toReport([{ type: 'cloudwatch', kind: 'failed', error, counts: COUNTS, accepted: false }], 'us-east-1'),
      failureReport(error),
    ]) {
      const [line] = cross(report).lines;
      assert.ok(line);
      const arrived = errorOf(line);
      assert.deepEqual(
        [arrived.code, arrived.message, arrived.disposition],
        [code, `it is ${code}`, error.disposition],
      );
    }
  }
});

test('what AWS answered, and what there is to put right, is known on the other side too', () => {
  const aws = { code: 'AccessDenied', message: 'Access Denied', requestId: 'R1' };
  const notice = { code: 'retention-not-set', message: 'it is not set' } as const;
  const error = new DistributorError('role-refused', 'refused', { aws });
  const [line] = cross(
    toReport([{ type: 'cloudwatch', kind: 'failed', error, counts: COUNTS, accepted: false, notice }], 'us-east-1'),
  ).lines;
  assert.ok(line);
  assert.deepEqual([line.aws, line.notice], [aws, notice]);
  assert.deepEqual(errorOf(line).aws, aws);
  assert.deepEqual(failureReport(error).lines[0]?.aws, aws);
});

test('trouble before any delivery is a line of no type', () => {
  const report = failureReport(new DistributorError('worker-lost', 'the thread ended'));
  assert.deepEqual(report, { lines: [{ type: '', kind: 'failed', code: 'worker-lost', message: 'the thread ended' }] });
});

test('a line that says nothing is unexpected', () => {
  const error = errorOf({ type: '', kind: 'failed' });
  assert.deepEqual([error.code, error.message], ['unexpected', 'no message']);
});

test('a line says whose answer it was: STS for a role, else the service and region of its destination', () => {
  const placeOf = (code: 'role-refused' | 'role-unavailable' | 'destination-unavailable') => {
    const error = new DistributorError(code, 'no');
    const result = {
      type: 'cloudwatch#a',
      place: LOGS_PLACE,
      kind: 'failed',
      error,
      counts: COUNTS,
      accepted: false,
    } as const;
    return toReport([result], STS_PLACE.region).lines[0]?.place;
  };
  assert.deepEqual(placeOf('destination-unavailable'), LOGS_PLACE);
  assert.deepEqual(placeOf('role-unavailable'), STS_PLACE);
  assert.deepEqual(placeOf('role-refused'), STS_PLACE);
});

test('an error of the service itself is logged with its stack, one of the object or of AWS is not', () => {
  const { logger, lines } = createTestLogger();
  const bug = new TypeError('columns is undefined');
  const failed = (error: DistributorError): DeliveryResult => ({
    type: 'cloudwatch',
    kind: 'failed',
    error,
    counts: COUNTS,
    accepted: false,
  });
  logUnexpected(logger, TASK, [
    failed(new DistributorError('object-corrupt', 'a page')),
    failed(asDistributorError(bug)),
  ]);
  assert.equal(lines.length, 1);
  const [line] = lines;
  assert.deepEqual(
    [line?.level, line?.object, line?.tenant, line?.error],
    [50, 's3://central/logs/a#e1', 'acme', 'TypeError: columns is undefined'],
  );
  assert.match(String(line?.stack), /report\.test/);
});
