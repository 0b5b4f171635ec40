import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { ObjectRef } from '../../../service/core/notification.ts';
import { createObjectOpener } from '../../../service/delivery/open-object.ts';
import { kernel } from '../../support/decode.ts';
import { etagOf, startS3 } from '../../support/s3-server.ts';
import { NO_STALL } from '../../support/stall.ts';

const never = new AbortController().signal;
const MIB = 1024 * 1024;

test("an object's beginning lies in the kernel's memory until it is disposed of", async (t) => {
  const s3 = await startS3(t);
  const open = createObjectOpener(
    { getObject: s3.getObject, random: () => 0, onRetry: () => {}, watchStall: NO_STALL },
    kernel,
  );
  const refOf = (key: string, bytes: Buffer): ObjectRef => {
    s3.objects.set(`central/${key}`, bytes);
    const common = { bucket: 'central', versionId: undefined, createdMs: undefined };
    return { ...common, key, version: etagOf(bytes), size: bytes.length };
  };
  const small = randomBytes(300_000);
  const large = randomBytes(3 * MIB);
  const before = kernel.memory.lent;
  {
    using one = await open(refOf('small', small), never);
    using other = await open(refOf('large', large), never);
    assert.equal(kernel.memory.lent, before + 2 * MIB);
    const part = await one.source.read(1_000, 2_000, never);
    assert.equal(part.buffer, kernel.bytes.buffer);
    assert.ok(small.subarray(1_000, 2_000).equals(part));
    assert.ok(large.subarray(MIB - 10, MIB + 10).equals(await other.source.read(MIB - 10, MIB + 10, never)));
    const pieces: Buffer[] = [];
    for await (const piece of other.source.stream(5, never)) pieces.push(Buffer.from(piece));
    assert.ok(large.subarray(5).equals(Buffer.concat(pieces)));
    assert.ok(small.equals(await one.source.read(0, small.length, never)));
  }
  assert.equal(kernel.memory.lent, before);
});

test('an object that cannot be opened keeps no memory', async (t) => {
  const s3 = await startS3(t);
  const open = createObjectOpener(
    { getObject: s3.getObject, random: () => 0, onRetry: () => {}, watchStall: NO_STALL },
    kernel,
  );
  const before = kernel.memory.lent;
  const ref = { bucket: 'central', key: 'none', version: 'e', versionId: undefined, size: 1, createdMs: undefined };
  await assert.rejects(open(ref, never), { code: 'object-gone' });
  assert.equal(kernel.memory.lent, before);
});
