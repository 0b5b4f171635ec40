import { runCli } from '../../service/cli/program.ts';

export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** The result of a run with --json. */
  readonly json: () => unknown;
}

export interface CliOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly regionFrom?: string;
  /** Standard input. */
  readonly input?: string;
  /** What somebody at the terminal answers; absent: nobody is there. */
  readonly answer?: string | (() => Promise<string>);
  readonly signal?: AbortSignal;
  readonly nowMs?: () => number;
  /** Told of everything that is said on the way. */
  readonly onError?: (text: string) => void;
}

/** Runs a command line in this process, as the service's entry does. */
export async function cli(args: readonly string[], options: CliOptions): Promise<CliRun> {
  let out = '';
  let err = '';
  const { answer } = options;
  const code = await runCli(args, {
    version: '0.0.0',
    environment: options.environment,
    regionFrom: options.regionFrom,
    out: {
      write(text) {
        out += text;
      },
    },
    err: {
      write(text) {
        err += text;
        options.onError?.(text);
      },
    },
    ask: answer === undefined ? undefined : async () => (typeof answer === 'string' ? answer : answer()),
    readInput: async () => options.input ?? '',
    signal: options.signal ?? new AbortController().signal,
    nowMs: options.nowMs ?? Date.now,
    random: Math.random,
  });
  return { code, out, err, json: () => JSON.parse(out) };
}

/** The environment of a command line that works where a test's clients do. */
export function cliEnvironment(place: { readonly endpointUrl: string }): Record<string, string> {
  return { AWS_ENDPOINT_URL: place.endpointUrl, AWS_REGION: 'us-east-1', S3_FORCE_PATH_STYLE: 'true' };
}
