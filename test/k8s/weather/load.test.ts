import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createTally } from '../../../local/workload/tally.ts';
import { openContainerLog, PIECE_LENGTH, piecesOf } from './container-log.ts';
import { createLoad, type PodLoad } from './load.ts';
import { samplesOf, sum } from './metrics.ts';

function withFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'weather-load-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** All that a container wrote, oldest file first. */
function textOf(folder: string): string {
  const rotated = readdirSync(folder)
    .filter((name) => name !== '0.log')
    .sort();
  return [...rotated, '0.log']
    .map((name) => readFileSync(join(folder, name)))
    .map((bytes, at) => ((rotated[at] ?? '').endsWith('.gz') ? gunzipSync(bytes) : bytes).toString())
    .join('');
}

/** Lines with the times of their first pieces, joined as CRI says: `P` goes on, by stream. */
function joined(text: string): { readonly timeMs: number; readonly line: string }[] {
  const open = new Map<string, { timeMs: number; line: string }>();
  return text
    .trimEnd()
    .split('\n')
    .flatMap((piece) => {
      const [, time = '', stream = '', tag, part = ''] = /^(\S+) (\S+) ([PF]) (.*)$/.exec(piece) ?? [];
      const one = open.get(stream) ?? { timeMs: Date.parse(time), line: '' };
      one.line += part;
      open.set(stream, one);
      if (tag === 'P') return [];
      open.delete(stream);
      return [one];
    });
}

const TIME = '2026-11-23T02:11:27.123456789Z';

test('a line is cut into pieces of 16 KiB as containerd does, all but the last marked as partial', () => {
  assert.deepEqual(piecesOf('', 'stderr', TIME), [`${TIME} stderr F \n`]);
  const whole = 'x'.repeat(PIECE_LENGTH);
  assert.deepEqual(piecesOf(whole, 'stdout', TIME), [`${TIME} stdout F ${whole}\n`]);
  assert.deepEqual(piecesOf(`${whole}y`, 'stdout', TIME), [`${TIME} stdout P ${whole}\n`, `${TIME} stdout F y\n`]);
});

test('rotation keeps five files, and compresses all of them but the newest two', () => {
  withFolder((parent) => {
    const folder = join(parent, 'server');
    let nowMs = Date.parse(TIME);
    const log = openContainerLog(folder, () => nowMs);
    for (let at = 0; at < 8; at++) {
      nowMs += 10_000;
      log.write(`${at}\n`);
      log.rename();
      // The runtime has not opened the new file yet.
      log.write(`${at} late\n`);
      log.reopen();
      assert.equal(log.bytes(), 0);
    }
    log.write('8\n');
    const names = readdirSync(folder).sort();
    assert.equal(names.length, 5);
    assert.deepEqual(
      names.map((name) => name.endsWith('.gz')),
      [false, true, true, true, false],
    );
    assert.equal(textOf(folder), '4\n4 late\n5\n5 late\n6\n6 late\n7\n7 late\n8\n');
    log.remove();
    assert.throws(() => readdirSync(folder), /ENOENT/);
  });
});

test('what a load says that it wrote is what its files hold, and rotations fall between pieces of a line', () => {
  withFolder((folder) => {
    const pod = (name: string, tenant: string | undefined): PodLoad => ({
      folder: join(folder, name),
      name,
      tenant,
      lines: 400,
      linesPerSecond: 10,
      lineLength: 200,
      longShare: 0.02,
      rotateBytes: 20_000,
    });
    const load = createLoad([pod('a', 'acme-corp'), pod('b', undefined)], 'seed', 0);
    let nowMs = 0;
    // Four rotations at most, so that nothing is removed.
    while (!load.tick(nowMs)) nowMs += 100;
    const { lines, longLines, rotations, prints } = load.written();
    assert.equal(lines, 800);
    assert.ok(longLines > 4 && rotations >= 4, `${longLines} long lines, ${rotations} rotations`);
    for (const [name, tenant] of [
      ['a', 'acme-corp'],
      ['b', ''],
    ] as const) {
      const tally = createTally();
      for (const { timeMs, line } of joined(textOf(join(folder, name)))) tally.add(timeMs, line);
      assert.deepEqual(prints.get(tenant), tally.sorted());
    }
    const old = readdirSync(join(folder, 'a')).filter((file) => file.endsWith('.gz'));
    const ends = old.map((file) =>
      gunzipSync(readFileSync(join(folder, 'a', file)))
        .toString()
        .trimEnd()
        .split('\n')
        .at(-1),
    );
    assert.ok(ends.length > 0 && ends.every((piece) => / P /.test(piece ?? '')), 'a line goes on in the next file');
  });
});

test('a pod that ends removes its files, and one that begins later has none before', () => {
  withFolder((folder) => {
    const pod: PodLoad = {
      folder: join(folder, 'a'),
      name: 'a',
      tenant: 'acme-corp',
      lines: 10,
      linesPerSecond: 10,
      lineLength: 50,
      longShare: 0,
      rotateBytes: 1_000_000,
      startS: 5,
      removeAfterS: 3,
    };
    const load = createLoad([pod], 'seed', 0);
    assert.equal(load.tick(4_999), false);
    assert.deepEqual(readdirSync(folder), []);
    for (let nowMs = 5_000; nowMs < 8_000; nowMs += 100) assert.equal(load.tick(nowMs), false);
    assert.deepEqual(readdirSync(folder), ['a']);
    assert.equal(load.tick(20_000), true);
    assert.deepEqual(readdirSync(folder), []);
  });
});

test('series of the exporter are added up by their labels', () => {
  const page = '# TYPE a counter\na{b="1",c="x\\"y"} 2\na{b="1",c="z"} 3 1700000000000\na 5\n';
  const samples = samplesOf(page);
  assert.deepEqual(samples[0], { metric: 'a', labels: { b: '1', c: 'x\\"y' }, value: 2 });
  assert.equal(sum(samples, 'a', { b: '1' }), 5);
  assert.equal(sum(samples, 'a'), 10);
  assert.equal(sum(samples, 'b'), 0);
});
