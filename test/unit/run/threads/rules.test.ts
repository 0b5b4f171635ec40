import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToWorker } from '../../../../service/run/threads/protocol.ts';
import { createThreadRules } from '../../../../service/run/threads/rules.ts';

test('threads hear of every change, and those that start later of all that holds then', () => {
  const rules = createThreadRules();
  const heard: ToWorker[] = [];
  rules.limit('logs/1/us-east-1', true);
  rules.onChange((change) => heard.push(change));
  const held = { message: 'nobody answers', retryAfterMs: 5_000 };
  rules.holdPlace('logs/eu-west-1', held);
  rules.limit('logs/2/us-east-1', true);
  const place = { kind: 'place', key: 'logs/eu-west-1' } as const;
  const limit = (destination: string, limited: boolean) => ({ kind: 'limit', destination, limited }) as const;
  assert.deepEqual(rules.all(), [{ ...place, held }, limit('logs/1/us-east-1', true), limit('logs/2/us-east-1', true)]);
  rules.holdPlace('logs/eu-west-1', undefined);
  rules.limit('logs/1/us-east-1', false);
  assert.deepEqual(rules.all(), [limit('logs/2/us-east-1', true)]);
  assert.deepEqual(heard, [
    { ...place, held },
    limit('logs/2/us-east-1', true),
    place,
    limit('logs/1/us-east-1', false),
  ]);
});
