import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_HISTORY } from '../../../../service/core/history.ts';
import { type Admitted, createAdmission, putBack } from '../../../../service/run/messages/admission.ts';
import type { MessageInFlight } from '../../../../service/run/queue/in-flight.ts';

const NO_TRIAL = { tenants: new Set<string>(), hasPlace: true };

function setUp(messagesMax = 2, trial: { readonly tenants: ReadonlySet<string>; hasPlace: boolean } = NO_TRIAL) {
  const handBacks = {
    handed: [] as string[],
    done: () => {},
    handBack(tenant: string) {
      handBacks.handed.push(tenant);
      return tenant === 'slow' ? 60 : 3;
    },
  };
  const admission = createAdmission({
    messagesMax,
    handBacks,
    onTrial: (tenant) => trial.tenants.has(tenant),
    hasPlace: () => trial.hasPlace,
  });
  const log: string[] = [];
  const held = (receiveCount = 1): MessageInFlight => ({
    message: { id: 'm', receipt: 'r', body: '', receiveCount, sentMs: 0, history: NO_HISTORY },
    signal: new AbortController().signal,
    remove: async () => {},
    release: async (seconds) => {
      log.push(`release ${seconds}`);
    },
    renew: async (_, seconds) => {
      log.push(`renew ${seconds}`);
    },
  });
  const admit = (tenants: readonly string[], receiveCount = 1) => admission.admit(held(receiveCount), new Set(tenants));
  return { handBacks, admit, log, held };
}

test('a tenant has so many messages in flight and no more; what is beyond goes back, and others are let in', () => {
  const { admit, log, handBacks } = setUp(2);
  assert.deepEqual(
    [admit(['flood']), admit(['flood']), admit(['flood']), admit(['quiet'])].map(({ kind }) => kind),
    ['admitted', 'admitted', 'handed back', 'admitted'],
  );
  assert.deepEqual([log, handBacks.handed], [['release 3'], ['flood']]);
});

test('a message that is done with makes room for another', () => {
  const { admit } = setUp(1);
  (admit(['flood']) as Admitted).leave();
  assert.equal(admit(['flood']).kind, 'admitted');
});

test('a message that names no tenant is let in: somebody must tell what is wrong with it', () => {
  const { admit } = setUp(0);
  assert.equal(admit([]).kind, 'admitted');
});

test('a message of several tenants waits only where all have too much, and as long as the slowest', () => {
  const { admit, log } = setUp(1);
  admit(['flood']);
  const mixed = admit(['flood', 'slow']);
  assert.equal(mixed.kind, 'admitted');
  assert.equal(admit(['flood', 'slow']).kind, 'handed back');
  assert.deepEqual(log, ['release 60']);
});

test('before its receives are used up a message goes back as a new one, so that the queue never drops it', () => {
  const { admit, log } = setUp(0);
  for (const receiveCount of [29, 30, 44]) admit(['flood'], receiveCount);
  assert.deepEqual(log, ['release 3', 'renew 3', 'renew 3']);
  assert.equal(admit(['flood'], 45).kind, 'admitted', 'where that did not help it is worked on out of turn');
});

test('what only waits goes back as it is while it has receives left', async () => {
  const { held, log } = setUp();
  await putBack(held(1), 7);
  await putBack(held(30), 8);
  assert.deepEqual(log, ['release 7', 'renew 8']);
});

test('a tenant on trial has one message in flight, and none while there is no place; the others come back in a second', () => {
  const trial = { tenants: new Set(['new']), hasPlace: true };
  const { admit, log } = setUp(5, trial);
  const first = admit(['new']) as Admitted;
  const second = admit(['new']);
  assert.deepEqual([first.kind, second.kind === 'handed back' && second.reason], ['admitted', 'trial']);
  first.leave();
  trial.hasPlace = false;
  assert.equal(admit(['new']).kind, 'handed back');
  assert.equal(admit(['known']).kind, 'admitted');
  assert.deepEqual(log, ['release 1', 'release 1']);
});
