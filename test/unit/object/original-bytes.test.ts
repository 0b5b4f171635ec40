import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createOriginalsCollector } from '../../../service/object/original-bytes.ts';
import { holds } from '../../support/property.ts';

test('what was collected of each record is found again, and nothing of the others', () =>
  holds(
    fc.property(fc.array(fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined })), (all) => {
      const collector = createOriginalsCollector();
      for (const [record, bytes] of all.entries()) if (bytes) collector.add(record, bytes);
      assert.equal(
        collector.bytes,
        all.reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0),
      );
      const taken = collector.take();
      assert.deepEqual(
        all.map((_, record) => taken?.of(record)).map((bytes) => bytes && new Uint8Array(bytes)),
        all,
      );
      assert.equal(
        taken === undefined,
        all.every((bytes) => bytes === undefined),
      );
      assert.equal(collector.take(), undefined);
    }),
  ));
