import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { DistributorError } from '../../../service/base/errors.ts';
import { createBodyBuffer, writeBody } from '../../../service/core/body.ts';
import {
  type Chunk,
  type DecodeLimits,
  type DecodeRequest,
  RECORD_FIELDS,
  START,
} from '../../../service/core/chunk.ts';
import { planChunk } from '../../../service/core/plan.ts';
import { createKernel, type Kernel } from '../../../service/kernel/kernel.ts';
import { openObject } from '../../../service/object/open.ts';
import { memorySource } from '../../../service/object/source.ts';
import { LIMITS } from '../../support/decode.ts';
import { buildDelivery } from '../../support/delivery.ts';
import { member, space } from '../../support/lines.ts';
import { holds } from '../../support/property.ts';

/** The plain kernel against the WebAssembly: chunks with every byte, and the bodies of the calls that come of them. */

const kernels = [createKernel(), createKernel({ plainDecoder: true })] as const;
const never = new AbortController().signal;

interface Decoded {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly messageFormat: DecodeRequest['messageFormat'];
  readonly limits: DecodeLimits;
}

const copyOf = (view: NodeJS.ArrayBufferView) =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('latin1');

/** All that a chunk holds, out of the kernel's memory. */
function imageOf({ messages, timestampsMs, fields, originals, ...rest }: Chunk) {
  const { bytes, start, length, size, form } = messages;
  return {
    ...rest,
    times: copyOf(timestampsMs),
    messages: [bytes, start, length, size, form].map(copyOf),
    fields: Object.entries(fields).map(([name, { values, index, only }]) => [name, [...values], copyOf(index), only]),
    originals:
      originals && Array.from(originals.records, (record) => [record, copyOf(originals.of(record) as Uint8Array)]),
  };
}

function bodiesOf(chunk: Chunk): string[] {
  const delivery = buildDelivery({ log_group_name: '/acme/{application}' });
  const plan = planChunk(chunk, { delivery, keyFields: {}, lastModifiedMs: 1, eventBytesMax: 1_024 });
  const buffer = createBodyBuffer();
  return plan.batches.map((batch) => copyOf(writeBody(plan, batch, buffer)));
}

/** What becomes of an object in a kernel: its chunks and bodies, or the code of what it is refused for. */
async function decode(kernel: Kernel, { name, bytes, messageFormat, limits }: Decoded): Promise<unknown> {
  try {
    const found: unknown[] = [];
    {
      // Decoding may change what it is given.
      using decoder = await openObject(kernel, memorySource(name, Uint8Array.from(bytes)), limits, never);
      const request = { fields: RECORD_FIELDS, messageFormat, limits };
      for await (const chunk of decoder.chunks(START, request, never)) {
        found.push(imageOf(chunk), bodiesOf(chunk));
      }
    }
    assert.equal(kernel.memory.lent, 0);
    return found;
  } catch (error) {
    if (error instanceof DistributorError && error.disposition === 'dead-letter') return error.code;
    throw error;
  }
}

async function checkBoth(object: Decoded): Promise<void> {
  const [byWebAssembly, plainly] = kernels;
  assert.deepEqual(await decode(plainly, object), await decode(byWebAssembly, object));
}

for (const folder of ['text', 'parquet', 'vector']) {
  suite(`golden objects of ${folder}`, async () => {
    const url = new URL(`../../golden/${folder}/`, import.meta.url);
    const names = (await readdir(url)).filter((name) => !/\.(py|md)$/.test(name));
    for (const messageFormat of ['message', 'record'] as const) {
      test(`decode to the same bytes by both kernels, as ${messageFormat}`, async () => {
        assert.ok(names.length > 3);
        for (const name of names) {
          await checkBoth({ name, bytes: await readFile(new URL(name, url)), messageFormat, limits: LIMITS });
        }
      });
    }
  });
}

test('lines of any text decode to the same bytes by both kernels, in chunks that end at the same records', () => {
  const object = fc.array(fc.tuple(member, space, space), { maxLength: 8 }).map((members) => {
    const texts = members.map(
      ([[key, value], before, behind]) => `${before}${JSON.stringify(key)}:${behind}${JSON.stringify(value)}`,
    );
    return `{${texts.join(',')}}`;
  });
  const line = fc.oneof(
    { weight: 8, arbitrary: object },
    { weight: 1, arbitrary: object.map((text) => text.slice(0, -1)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', ' ', 'no JSON', '[]', '{"message":1e5}', '{"message":"\\u00e9\\ud83d\\ude9a\\/"}'),
    },
  );
  const limits = fc.record({
    chunkBytesMax: fc.constantFrom(60, 1_000, 100_000),
    chunkRecordsMax: fc.constantFrom(1, 7, 10_000),
    chunkStoredBytesMax: fc.constantFrom(100, 200_000),
    recordBytesMax: fc.constantFrom(2_000, 100_000),
    decompressionRatioMax: fc.constant(400),
  });
  return holds(
    fc.asyncProperty(
      fc.array(line, { maxLength: 30 }),
      fc.constantFrom('message' as const, 'record' as const),
      limits,
      async (lines, messageFormat, limits) => {
        const bytes = Buffer.from(['{"message":"first"}', ...lines].join('\n'));
        await checkBoth({ name: 'x.log', bytes, messageFormat, limits });
      },
    ),
    300,
  );
});

test('so many different values that there is no room for more are numbered alike', async () => {
  const lines = Array.from(
    { length: 9_000 },
    (_, at) => `{"message":"m","pod_name":"${at}","application":"${'a'.repeat(at % 90)}${at}"}`,
  );
  await checkBoth({ name: 'x.log', bytes: Buffer.from(lines.join('\n')), messageFormat: 'message', limits: LIMITS });
});
