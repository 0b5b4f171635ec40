import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { programOf, runPipeline } from './support/pipeline.ts';
import { POD, podEvent, RUNTIME_TIME } from './support/pod-event.ts';
import { configOf, OVERLAYS } from './support/vector-config.ts';
import { diagnose, type Event, runVrl } from './support/vrl.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const record = z.looseObject({ message: z.string(), timestamp: z.string() });

/** Records of lines, each with the time at which the runtime took it. */
function recordsOf(lines: readonly (readonly [message: string, runtime: string])[]): z.output<typeof record>[] {
  // Each in a file of its own, as neighbours may become one event.
  const events = lines.map(([message, runtime], run) => podEvent(message, { ...POD, run }, runtime));
  return z.array(record).parse(runPipeline('s3', 'pods', events).get('s3'));
}

test('the compiler finds no error, no warning and no call that may fail in any program', () => {
  for (const overlay of OVERLAYS) {
    const programs = Object.entries(configOf(overlay).transforms).filter(([, { type }]) => type === 'remap');
    assert.ok(programs.length >= 3);
    for (const [name, transform] of programs) {
      const program = programOf(overlay, transform);
      assert.deepEqual(diagnose(program), [], `${overlay}: ${name}`);
      // The compiler takes what ends the program or drops the event for handled.
      const code = program.replace(/^\s*#.*$/gm, '');
      assert.doesNotMatch(code, /\w!\(|\babort\b/, `${overlay}: ${name}`);
    }
  }
});

test('the compiler of these tests finds what Vector would refuse', () => {
  assert.match(diagnose('.a = parse_json(.message)').join(), /fallible/);
  assert.match(diagnose('.a = to_string("a") ?? "b"').join(), /can't fail/);
});

/** Lines that begin like something that a program looks at, and go on in any way. */
const LIKE_LINES = fc
  .tuple(
    fc.constantFrom(
      '{"ts":',
      '{"time":"2026-11-23T02:11:2',
      '{"level":',
      'I1123 02:11:26.816123 1 a.go:1',
      '2026-11-23T02:11:26',
      '2026-11-23 02:11:26,816 - ',
      'time="2026-11-23T02:11:26Z" level=',
      '1795399886',
      '[INFO',
      'a="\\" level="',
    ),
    fc.string({ unit: 'binary', maxLength: 60 }),
  )
  .map((parts) => parts.join(''));
const ANY_BYTES = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('utf8'));
const ANY_LINE = fc
  .oneof(ANY_BYTES, fc.string({ unit: 'binary', maxLength: 200 }), fc.json(), LIKE_LINES)
  .map((line) => line.replaceAll('\n', '').toWellFormed());

test('any line becomes one record with its message unchanged and a time that CloudWatch Logs takes', () => {
  const runtimeMs = Date.parse(RUNTIME_TIME);
  fc.assert(
    fc.property(fc.array(ANY_LINE, { minLength: 30, maxLength: 60 }), (lines) => {
      const records = recordsOf(lines.map((line) => [line, RUNTIME_TIME]));
      assert.deepEqual(
        records.map(({ message }) => message),
        lines,
      );
      for (const { timestamp, message } of records) {
        const aheadMs = Date.parse(timestamp) - runtimeMs;
        assert.ok(aheadMs <= 5 * MINUTE_MS && aheadMs >= -13 * DAY_MS, `${timestamp} of ${JSON.stringify(message)}`);
      }
    }),
    { numRuns: 50, endOnFailure: true },
  );
});

/** An instant in nanoseconds since the epoch, and how far before it the runtime's time lies, in milliseconds. */
const INSTANT = fc.record({
  // 2020 to 2060.
  ns: fc.bigInt({ min: 1_577_836_800_000_000_000n, max: 2_840_140_800_000_000_000n }),
  // Less a second, as some shapes leave fractions out.
  behindMs: fc.integer({ min: -5 * MINUTE_MS + 1, max: 13 * DAY_MS - 1_000 }),
  nearMs: fc.integer({ min: -7 * MINUTE_MS, max: 7 * MINUTE_MS }),
  offsetMinutes: fc.integer({ min: -14 * 60, max: 14 * 60 }),
});

/** RFC 3339 in UTC with nine digits, or fewer. */
function iso(ns: bigint, digits = 9): string {
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return digits === 0 ? `${seconds}Z` : `${seconds}.${fraction(ns).slice(0, digits)}Z`;
}

function fraction(ns: bigint): string {
  return String(ns % 1_000_000_000n).padStart(9, '0');
}

function withOffset(ns: bigint, minutes: number, colon: string): string {
  const local = iso(ns + BigInt(minutes) * 60_000_000_000n).slice(0, -1);
  const size = Math.abs(minutes);
  const [hours, rest] = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, '0'));
  return `${local}${minutes < 0 ? '-' : '+'}${hours}${colon}${rest}`;
}

/** The instant of a record's time, in nanoseconds. */
function nanoseconds(timestamp: string): bigint {
  const [, digits = ''] = /\.(\d+)Z$/.exec(timestamp) ?? [];
  return BigInt(Date.parse(timestamp.replace(/\.\d+/, ''))) * 1_000_000n + BigInt(digits.padEnd(9, '0'));
}

test('an instant with a zone, in any of its shapes, comes out to the last digit', () => {
  fc.assert(
    fc.property(fc.array(INSTANT, { minLength: 20, maxLength: 20 }), (instants) => {
      const cases = instants.flatMap(({ ns, behindMs, offsetMinutes }) => {
        const runtime = iso(ns + BigInt(behindMs) * 1_000_000n);
        const epoch = String(ns);
        return [
          { line: `${iso(ns)} x`, ns },
          { line: `${iso(ns, 3)} x`, ns: ns - (ns % 1_000_000n) },
          { line: `${iso(ns, 0)} x`, ns: ns - (ns % 1_000_000_000n) },
          { line: `${withOffset(ns, offsetMinutes, ':')} x`, ns },
          { line: JSON.stringify({ ts: withOffset(ns, offsetMinutes, '') }), ns },
          { line: `time="${iso(ns)}" level=info`, ns },
          { line: `{"ts":${epoch}}`, ns },
          { line: `{"time":${epoch.slice(0, 16)}}`, ns: ns - (ns % 1_000n) },
          { line: `{"timestamp":"${epoch.slice(0, 13)}"}`, ns: ns - (ns % 1_000_000n) },
          { line: `{"ts":${epoch.slice(0, 10)}.${epoch.slice(10, 16)}}`, ns: ns - (ns % 1_000n) },
          { line: `${epoch.slice(0, 10)}.${epoch.slice(10)} x`, ns },
        ].map((one) => ({ ...one, runtime }));
      });
      const records = recordsOf(cases.map(({ line, runtime }) => [line, runtime]));
      for (const [at, { line, ns }] of cases.entries()) {
        assert.equal(nanoseconds(records[at]?.timestamp ?? ''), ns, line);
      }
    }),
    { numRuns: 10, endOnFailure: true },
  );
});

test('a time without a zone near the runtime, klog without a year too, comes out to the last digit, at New Year as ever', () => {
  const newYear = fc.record({
    year: fc.integer({ min: 2021, max: 2060 }),
    aroundMs: fc.integer({ min: -10 * MINUTE_MS, max: 10 * MINUTE_MS }),
    ns: fc.bigInt({ min: 0n, max: 999_999n }),
    nearMs: fc.integer({ min: -7 * MINUTE_MS, max: 7 * MINUTE_MS }),
  });
  const atNewYear = newYear.map(({ year, aroundMs, ns, nearMs }) => ({
    ns: BigInt(Date.UTC(year, 0, 1) + aroundMs) * 1_000_000n + ns,
    nearMs,
  }));
  fc.assert(
    fc.property(fc.array(fc.oneof(INSTANT, atNewYear), { minLength: 40, maxLength: 40 }), (instants) => {
      const cases = instants.flatMap(({ ns, nearMs }) => {
        const [text, digits] = [iso(ns), fraction(ns)];
        const clock = `${text.slice(11, 19)}.${digits.slice(0, 6)}`;
        const microseconds = ns - (ns % 1_000n);
        return [
          { line: `W${text.slice(5, 7)}${text.slice(8, 10)} ${clock}       7 a.go:12] x`, ns: microseconds },
          { line: `${text.slice(0, 10).replaceAll('-', '/')} ${clock} main.go:12: x`, ns: microseconds },
          {
            line: `${text.slice(0, 10)} ${text.slice(11, 19)},${digits.slice(0, 3)} INFO x`,
            ns: ns - (ns % 1_000_000n),
          },
        ].map((one) => ({ ...one, runtime: iso(ns + BigInt(nearMs) * 1_000_000n) }));
      });
      const records = recordsOf(cases.map(({ line, runtime }) => [line, runtime]));
      for (const [at, { line, ns, runtime }] of cases.entries()) {
        assert.equal(nanoseconds(records[at]?.timestamp ?? ''), ns, `${line} at ${runtime}`);
      }
    }),
    { numRuns: 10, endOnFailure: true },
  );
});

/** Firehose quotas, "maximum size of a record": 1,000 KiB before base64. */
const FIREHOSE_RECORD_BYTES_MAX = 1_024_000;

function fitted(message: string): Event[] {
  return runPipeline('firehose', 'pods', [podEvent(message)]).get('firehose') ?? [];
}

test('a record that Firehose would refuse is cut between characters into parts that it takes, and nothing is lost', () => {
  const character = fc.constantFrom('a', '"', '\u0001', 'é', '注', '🚚', '\t');
  const long = fc
    .tuple(fc.array(character, { minLength: 1, maxLength: 7 }), fc.integer({ min: 170_000, max: 1_000_000 }))
    .map(([characters, length]) => characters.join('').repeat(Math.ceil(length / characters.length)));
  fc.assert(
    fc.property(long, (message) => {
      const records = z.array(record).parse(fitted(message));
      for (const one of records) assert.ok(Buffer.byteLength(JSON.stringify(one)) <= FIREHOSE_RECORD_BYTES_MAX);
      const texts = records.map((one, at) => {
        if (records.length === 1) return one.message;
        const marker = `[part ${at + 1}/${records.length}] `;
        assert.ok(one.message.startsWith(marker));
        return one.message.slice(marker.length);
      });
      assert.ok(texts.join('') === message);
      for (const one of records) assert.deepEqual({ ...one, message }, { ...records[0], message });
    }),
    // The worst that JSON does to a text of this length.
    { numRuns: 8, endOnFailure: true, examples: [['\u0001'.repeat(200_000)]] },
  );
});

test('a record that Firehose takes is left as it is, however long its message', () => {
  const message = 'x'.repeat(950_000);
  assert.deepEqual(fitted(message), runPipeline('s3', 'pods', [podEvent(message)]).get('s3'));
  assert.equal(fitted('x'.repeat(1_000_000)).length, 7);
});

test('what the programs of one overlay give, those of the others give too', () => {
  const event = podEvent('INFO hello');
  const [firehose] = runPipeline('firehose', 'pods', [event]).get('firehose') ?? [];
  const [s3] = runPipeline('s3', 'pods', [event]).get('s3') ?? [];
  const [local] = runPipeline('local', 'pods', [event]).get('s3') ?? [];
  assert.deepEqual(firehose, s3);
  assert.deepEqual({ ...local, cluster_id: 'eks-eu-1', environment: 'production' }, s3);
});

test('runVrl gives several events when a program makes an array of one', () => {
  assert.deepEqual(runVrl('. = [{ "a": 1 }, { "a": 2 }]', [{ x: 1 }]), [[{ a: 1 }, { a: 2 }]]);
});
