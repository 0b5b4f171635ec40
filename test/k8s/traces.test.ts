import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { runPipeline } from './support/pipeline.ts';
import { POD, type Pod, podEvent } from './support/pod-event.ts';

const trace = z.strictObject({ what: z.string(), events: z.array(z.string()), joins: z.literal(false).optional() });
const traces = z
  .array(trace)
  .parse(parse(readFileSync(new URL('traces/traces.yaml', import.meta.url), 'utf8')))
  .filter(({ joins }) => joins === undefined);

const record = z.looseObject({ message: z.string(), log_level: z.string().optional() });

function recordsOf(lines: readonly string[], pod: Pod = POD): z.output<typeof record>[] {
  const records = runPipeline(
    's3',
    'pods',
    lines.map((line) => podEvent(line, pod)),
  ).get('s3');
  return z.array(record).parse(records ?? []);
}

const messagesOf = (lines: readonly string[], pod?: Pod) => recordsOf(lines, pod).map(({ message }) => message);
const linesOf = (events: readonly string[]) => events.flatMap((event) => event.split('\n'));

for (const { what, events } of traces) {
  test(`lines become one event where they belong together: ${what}`, () => {
    assert.deepEqual(messagesOf(linesOf(events)), events);
  });
}

test('a label on the pod or on the namespace keeps every line an event of its own', () => {
  const lines = linesOf(traces[0]?.events ?? []);
  const label = { 'log-distributor/multiline': 'false' };
  assert.deepEqual(messagesOf(lines, { ...POD, podLabels: label }), lines);
  assert.deepEqual(messagesOf(lines, { ...POD, namespaceLabels: { ...POD.namespaceLabels, ...label } }), lines);
  const pod = { ...POD, podLabels: { 'log-distributor/multiline': 'true' }, namespaceLabels: POD.namespaceLabels };
  assert.equal(messagesOf(lines, { ...pod, namespaceLabels: { ...POD.namespaceLabels, ...label } }).length, 2);
});

test('an event ends after 500 lines, and before a line of more than 16 KiB', () => {
  const frames = Array.from({ length: 1_200 }, (_, at) => `\tat c.e.Deep.call(Deep.java:${at})`);
  assert.deepEqual(
    messagesOf(['ERROR deep', ...frames]).map((message) => message.split('\n').length),
    [500, 500, 201],
  );
  const long = ` ${'x'.repeat(16_384)}`;
  assert.deepEqual(messagesOf(['a', ' b', long]), ['a\n b', long]);
});

test('an exception within a second of a harmless line has no level, so that no filter drops it', () => {
  const levels = (...lines: string[]) => recordsOf(lines).map(({ log_level }) => log_level);
  assert.deepEqual(levels('INFO started', 'ValueError: bad'), [undefined]);
  assert.deepEqual(levels('[WARN] slow', 'java.io.IOException: broken', '\tat c.e.Pay.run(Pay.java:7)'), [undefined]);
  assert.deepEqual(levels('ERROR failed', 'ValueError: bad'), ['error']);
  assert.deepEqual(levels('INFO a table follows', '  apples 3'), ['info']);
});

test('an empty line that nothing follows stays an event without text, which the service leaves out', () => {
  assert.deepEqual(messagesOf(['', 'a', '', 'b']), ['', 'a', 'b']);
});
