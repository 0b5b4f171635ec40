import type { TestContext } from 'node:test';
import { startFauxqs } from 'fauxqs';
import { kernelSettings } from './kernel.ts';

/** Where the clients of a test go, as the settings say it to the service. */
export function placeOf(endpointUrl: string) {
  // The SDK asks the environment for credentials when a client signs for the first time.
  const { plainDecoder } = kernelSettings();
  process.env.AWS_ACCESS_KEY_ID = 'test';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
  return { region: 'us-east-1', endpointUrl, s3ForcePathStyle: true, requestTimeoutMs: 30_000, plainDecoder };
}

/** SQS and S3 in this process for one test. */
export async function startAws(t: TestContext) {
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  t.after(() => server.stop());
  return { server, place: placeOf(`http://127.0.0.1:${server.port}`) };
}
