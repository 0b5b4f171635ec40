import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';

const service = new URL('../../service/', import.meta.url);
/** Only a command, which lasts for minutes, goes by the host's clock; the service goes by `base/clock.ts`. */
const MAY = /^(cli\/|base\/clock\.ts$|kernel\/assembly\/)/;
const HOSTS_CLOCK = /\bDate\.now\b|new Date\(\)|performance\.timeOrigin/;

test('nothing in a running service waits by the clock of its host, which somebody may set', async () => {
  const names = (await readdir(service, { recursive: true })).filter((name) => name.endsWith('.ts') && !MAY.test(name));
  assert.ok(names.includes('compose/service.ts'));
  for (const name of names) {
    assert.doesNotMatch(await readFile(new URL(name, service), 'utf8'), HOSTS_CLOCK, name);
  }
});

test('each thread has one client of the tables and one clock of theirs, which are handed out', async () => {
  const makers: string[] = [];
  for (const name of await readdir(new URL('compose/', service))) {
    const text = await readFile(new URL(`compose/${name}`, service), 'utf8');
    for (const [call] of text.matchAll(/\b(createTableCalls|createTableClock)\(/g)) makers.push(`${name} ${call}`);
  }
  assert.deepEqual(makers.sort(), [
    'delivery.ts createTableCalls(',
    'delivery.ts createTableClock(',
    'service.ts createTableCalls(',
    'service.ts createTableClock(',
  ]);
});
