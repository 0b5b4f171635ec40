import assert from 'node:assert/strict';
import { test } from 'node:test';

/** A test that what is done to a model has the same result as what is done to the embedded AWS, one after the other. */
export function alike<Aws>(
  title: string,
  both: () => Promise<readonly [model: Aws, real: Aws]>,
  run: (aws: Aws) => Promise<unknown>,
) {
  test(title, async () => {
    const [model, real] = await both();
    assert.deepEqual(await run(model), await run(real));
  });
}

/** What a call answers, or the name of its error with its status. */
export async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return `${name} ${$metadata?.httpStatusCode}`;
  }
}
