import { findLocalStack } from './localstack.ts';
import { exists, freePort, startProgram } from './program.ts';

/** The AWS endpoints that the end-to-end tests run against on this machine. */

/** An endpoint that can be had here. */
export interface Endpoint {
  readonly name: string;
  /** What the tests leave out there, and why; empty: nothing. */
  readonly leavesOut: string;
  /** Files of tests that may run at a time there. */
  readonly concurrency: number;
  start(): Promise<RunningEndpoint>;
}

export interface RunningEndpoint {
  /** For the tests: where the endpoint is, and which kind. Without AWS_ENDPOINT_URL each test file starts an embedded AWS. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface MissingEndpoint {
  readonly name: string;
  readonly missing: string;
}

const EMBEDDED: Endpoint = {
  name: 'the embedded AWS',
  leavesOut: '',
  // Each file has an AWS of its own. What runs in each waits more than it works.
  concurrency: 2,
  start: async () => ({ environment: { E2E_KIND: 'embedded' }, stop: async () => {} }),
};

const EMULATORS_LEAVE_OUT =
  'limits of PutLogEvents, events that it rejects, trust policies, as it enforces none of them';

/** @param everywhere on each emulator of this machine, instead of on one endpoint: the given one, or the embedded AWS */
export async function findEndpoints(everywhere: boolean): Promise<(Endpoint | MissingEndpoint)[]> {
  const { AWS_ENDPOINT_URL: given, E2E_KIND: kind } = process.env;
  if (given) {
    const environment = { AWS_ENDPOINT_URL: given, E2E_KIND: kind ?? 'given' };
    return [
      {
        name: given,
        leavesOut: EMULATORS_LEAVE_OUT,
        concurrency: 1,
        start: async () => ({ environment, stop: async () => {} }),
      },
    ];
  }
  if (!everywhere) return [EMBEDDED];
  return [EMBEDDED, findMoto(), await findLocalStack(EMULATORS_LEAVE_OUT)];
}

function findMoto(): Endpoint | MissingEndpoint {
  if (!exists('moto_server', '--help')) return { name: 'moto', missing: 'there is no moto_server on this machine' };
  return {
    name: 'moto',
    leavesOut: EMULATORS_LEAVE_OUT,
    concurrency: 1,
    async start() {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const { stop } = await startProgram('moto_server', ['-H', '127.0.0.1', '-p', String(port)], {
        answersAt: `${url}/moto-api/`,
      });
      return { environment: { AWS_ENDPOINT_URL: url, E2E_KIND: 'moto' }, stop };
    },
  };
}
