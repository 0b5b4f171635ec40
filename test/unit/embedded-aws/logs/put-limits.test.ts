import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsError } from '../../../../embedded-aws/http/aws-error.ts';
import { judgeEvents, type PutLimits, type PutVerdict } from '../../../../embedded-aws/logs/put-limits.ts';

const NOW = Date.UTC(2026, 5, 15, 12);
const HOUR = 3600_000;
const DAY = 24 * HOUR;
const LIMITS: PutLimits = { nowMs: NOW, retentionDays: undefined, eventBytesMax: 1_048_576 };

const at = (...timestamps: number[]) => timestamps.map((timestamp) => ({ timestamp, message: 'm' }));
const sized = (...bytes: number[]) => bytes.map((length) => ({ timestamp: NOW, message: 'x'.repeat(length) }));
const many = (count: number) => Array.from({ length: count }, () => ({ timestamp: NOW, message: 'm' }));

const TAKEN: readonly (readonly [sentence: string, events: unknown, limits?: Partial<PutLimits>])[] = [
  ['one event', at(NOW)],
  ['10,000 events', many(10_000)],
  ['a batch of exactly 1,048,576 bytes with 26 for each event', sized(524_262, 524_262)],
  ['one event that fills the batch', sized(1_048_550)],
  ['events of the same time', at(NOW, NOW, NOW)],
  ['a span of exactly 24 h', at(NOW - DAY, NOW)],
  ['an event of exactly 14 days ago', at(NOW - 14 * DAY)],
  ['an event exactly 2 h ahead', at(NOW + 2 * HOUR)],
  ['an event as old as the retention', at(NOW - 3 * DAY), { retentionDays: 3 }],
  ['an event of 262,144 bytes where that is the limit', sized(262_118), { eventBytesMax: 262_144 }],
];
for (const [sentence, events, limits] of TAKEN) {
  test(`PutLogEvents takes ${sentence}`, () => {
    const { from, to, rejected } = judgeEvents(events, { ...LIMITS, ...limits });
    assert.deepEqual([from, to, rejected], [0, (events as unknown[]).length, undefined]);
  });
}

const REFUSED: readonly (readonly [
  sentence: string,
  events: unknown,
  message: RegExp,
  code?: string | undefined,
  limits?: Partial<PutLimits>,
])[] = [
  ['no list', undefined, /'logEvents' failed to satisfy constraint: Member must not be null/],
  ['an empty list', [], /length greater than or equal to 1/],
  ['10,001 events', many(10_001), /length less than or equal to 10000/],
  ['a byte more than 1,048,576', sized(524_262, 524_263), /^Upload too large: 1048577 bytes exceeds limit of 1048576$/],
  ['bytes, not characters', [{ timestamp: NOW, message: 'ä'.repeat(524_276) }], /too large: 1048578 bytes/],
  [
    'an event that is too large alone',
    sized(1_048_551),
    /^Log event too large: 1048577 bytes exceeds limit of 1048576$/,
  ],
  [
    'an event beyond a smaller limit',
    sized(262_119),
    /^Log event too large: 262145 bytes exceeds limit of 262144$/,
    undefined,
    { eventBytesMax: 262_144 },
  ],
  ['events out of order', at(NOW, NOW - 1), /chronological order/],
  ['a span of 24 h and a millisecond', at(NOW - DAY - 1, NOW), /cannot span more than 24 hours/],
  ['a span of more than 24 h, also where the old ones would be rejected', at(NOW - 15 * DAY, NOW), /cannot span/],
  [
    'an empty message',
    [{ timestamp: NOW, message: '' }],
    /logEvents\.1\.member\.message' .* length greater than or equal to 1/,
  ],
  ['no message', [...at(NOW), { timestamp: NOW }], /logEvents\.2\.member\.message' .* not be null/],
  ['no timestamp', [{ message: 'm' }], /logEvents\.1\.member\.timestamp' .* not be null/],
  ['a negative timestamp', at(-1), /greater than or equal to 0/],
  [
    'a timestamp as text',
    [{ timestamp: String(NOW), message: 'm' }],
    /can not be converted to a Long/,
    'SerializationException',
  ],
  ['a timestamp with a fraction', at(NOW + 0.5), /no Long/, 'SerializationException'],
  [
    'a message that is a number',
    [{ timestamp: NOW, message: 7 }],
    /can not be converted to a String/,
    'SerializationException',
  ],
  ['an event that is a text', ['m'], /can not be converted to a Structure/, 'SerializationException'],
];
for (const [sentence, events, message, code = 'InvalidParameterException', limits] of REFUSED) {
  test(`PutLogEvents refuses ${sentence}`, () => {
    assert.throws(
      () => judgeEvents(events, { ...LIMITS, ...limits }),
      (error) =>
        error instanceof AwsError && error.code === code && error.status === 400 && message.test(error.message),
    );
  });
}

type Expected = Pick<PutVerdict, 'from' | 'to' | 'rejected'>;
const REJECTED: readonly (readonly [
  sentence: string,
  events: unknown,
  expected: Expected,
  limits?: Partial<PutLimits>,
])[] = [
  [
    'older than 14 days: the end index is exclusive',
    at(NOW - 14 * DAY - 2, NOW - 14 * DAY - 1, NOW - 14 * DAY),
    { from: 2, to: 3, rejected: { tooOldLogEventEndIndex: 2 } },
  ],
  [
    'more than 2 h ahead: the start index is inclusive',
    at(NOW, NOW + 2 * HOUR, NOW + 2 * HOUR + 1, NOW + 3 * HOUR),
    { from: 0, to: 2, rejected: { tooNewLogEventStartIndex: 2 } },
  ],
  [
    'older than the retention of the group',
    at(NOW - 3 * DAY - 1, NOW - 3 * DAY, NOW - 2.5 * DAY),
    { from: 1, to: 3, rejected: { expiredLogEventEndIndex: 1 } },
    { retentionDays: 3 },
  ],
  [
    'expired, and among them too old',
    at(NOW - 14 * DAY - HOUR, NOW - 14 * DAY + HOUR),
    { from: 2, to: 2, rejected: { tooOldLogEventEndIndex: 1, expiredLogEventEndIndex: 2 } },
    { retentionDays: 7 },
  ],
  [
    'too old, where the retention is longer than 14 days',
    at(NOW - 14 * DAY - HOUR, NOW - 14 * DAY + HOUR),
    { from: 1, to: 2, rejected: { tooOldLogEventEndIndex: 1 } },
    { retentionDays: 30 },
  ],
  ['all of them', at(NOW + 3 * HOUR, NOW + 4 * HOUR), { from: 0, to: 0, rejected: { tooNewLogEventStartIndex: 0 } }],
];
for (const [sentence, events, expected, limits] of REJECTED) {
  test(`PutLogEvents rejects single events: ${sentence}`, () => {
    const { from, to, rejected } = judgeEvents(events, { ...LIMITS, ...limits });
    assert.deepEqual({ from, to, rejected }, expected);
  });
}
