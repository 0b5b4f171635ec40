import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runPipeline } from './support/pipeline.ts';
import { POD, type Pod, podEvent } from './support/pod-event.ts';
import type { Event } from './support/vrl.ts';

const LINES = 400;

/** What a pod with these labels writes, line by line, each in a file of its own, and where it arrives. */
function write(labels: Partial<Pick<Pod, 'podLabels' | 'namespaceLabels'>>, lineOf: (at: number) => string) {
  const pod = {
    ...POD,
    podLabels: { ...POD.podLabels, ...labels.podLabels },
    namespaceLabels: { ...POD.namespaceLabels, ...labels.namespaceLabels },
  };
  const events = Array.from({ length: LINES }, (_, run) => podEvent(lineOf(run), { ...pod, run }));
  const arrived = runPipeline('s3', 'pods', events);
  const messages = (name: string) => (arrived.get(name) ?? []).map(({ message }: Event) => String(message)).sort();
  return {
    kept: messages('s3'),
    leftOut: messages('sampled_out_count'),
    all: events.map(({ message }) => String(message)).sort(),
  };
}

const sample = (rate: string) => ({ 'log-distributor/sample': rate });

test('a label keeps about one line of so many, and what is left out is counted: no line is neither', () => {
  for (const rate of [2, 10]) {
    const { kept, leftOut, all } = write({ podLabels: sample(String(rate)) }, (at) => `INFO request ${at}`);
    assert.deepEqual([...kept, ...leftOut].sort(), all);
    // A hash decides: within four standard deviations of the binomial distribution.
    const expected = LINES / rate;
    const deviation = Math.sqrt(expected * (1 - 1 / rate));
    assert.ok(Math.abs(kept.length - expected) < 4 * deviation, `${kept.length} of ${LINES} at one in ${rate}`);
  }
});

test('a line that is read twice is kept twice or never', () => {
  const first = write({ podLabels: sample('10') }, (at) => `INFO request ${at}`);
  assert.deepEqual(write({ podLabels: sample('10') }, (at) => `INFO request ${at}`).kept, first.kept);
});

test('every line that is a warning or worse is kept, whatever the rate', () => {
  for (const level of ['WARN', 'ERROR', 'FATAL']) {
    const { kept, all } = write({ podLabels: sample('10000') }, (at) => `${level} request ${at}`);
    assert.deepEqual(kept, all);
  }
});

test('the namespace’s label counts where the pod has none, and the pod’s own before it', () => {
  const few = write({ namespaceLabels: sample('10000') }, (at) => `INFO request ${at}`);
  assert.ok(few.kept.length < LINES / 100);
  const whole = write({ podLabels: sample('1'), namespaceLabels: sample('10000') }, (at) => `INFO request ${at}`);
  assert.deepEqual(whole.kept, whole.all);
});

test('without a label, and with one that is no rate, every line is kept', () => {
  for (const rate of [undefined, '', 'ten', '0', '1', '-5', '10001', '1e3']) {
    const { kept, all, leftOut } = write({ podLabels: rate === undefined ? {} : sample(rate) }, (at) => `INFO ${at}`);
    assert.deepEqual([kept, leftOut], [all, []], `${rate}`);
  }
});
