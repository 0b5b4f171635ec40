import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Command } from 'commander';
import { createDynamoClient } from '../aws/sdk/dynamo.ts';
import { createS3Client } from '../aws/sdk/s3.ts';
import { createSqsClient } from '../aws/sdk/sqs.ts';
import { readToolSettings, type ToolSettings } from '../base/settings.ts';
import { type ExitCode, usageError } from './errors.ts';
import { createPrinter, type Printer } from './printer.ts';
import type { Terminal } from './terminal.ts';

/** What a command line has from the process that runs it. */
export interface CliDeps {
  /** Of the program. */
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where AWS_REGION is from, if not from a variable of that name. */
  readonly regionFrom?: string | undefined;
  readonly out: Terminal;
  readonly err: Terminal;
  /** Asks whoever sits at the terminal; undefined where nobody does. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
  /** Aborts when the command is to end: an interrupt, or a terminal that was closed. */
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** What a running command works with. Clients are made when they are asked for. */
export interface Context extends CliDeps {
  readonly printer: Printer;
  /** @throws SettingsError */
  readonly settings: ToolSettings;
  readonly dynamo: DynamoDBClient;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  /** @throws CommandError when the setting is missing */
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/** One run of the command line: groups add their commands through it. */
export interface Session {
  readonly deps: CliDeps;
  /** How the command ended; undefined as long as none ran. */
  exitCode: ExitCode | undefined;
  /** Gives a command `--json` and its work, which gets the options and the arguments as commander parsed them. */
  run<O extends object>(
    command: Command,
    work: (context: Context, options: O, args: readonly string[]) => Promise<ExitCode> | ExitCode,
  ): void;
  close(): void;
}

export function createSession(deps: CliDeps): Session {
  const clients: { destroy(): void }[] = [];
  const keep = <T extends { destroy(): void }>(client: T): T => {
    clients.push(client);
    return client;
  };
  const session: Session = {
    deps,
    exitCode: undefined,
    run<O extends object>(command: Command, work: Parameters<typeof session.run<O>>[1]) {
      command.option('--json', 'print the result as one JSON document');
      command.action(async () => {
        const options = command.opts<O & { readonly json?: true }>();
        const context = createContext(deps, options.json === true, keep);
        session.exitCode = await work(context, options, command.args);
      });
    },
    close() {
      for (const client of clients) client.destroy();
    },
  };
  return session;
}

function createContext(deps: CliDeps, json: boolean, keep: <T extends { destroy(): void }>(client: T) => T): Context {
  const once = <T>(make: () => T): (() => T) => {
    let made: { readonly value: T } | undefined;
    return () => {
      made ??= { value: make() };
      return made.value;
    };
  };
  const settings = once(() => readToolSettings(deps.environment));
  const dynamo = once(() => keep(createDynamoClient(settings())));
  const s3 = once(() => keep(createS3Client(settings())));
  const sqs = once(() => keep(createSqsClient(settings())));
  const queue = (name: 'SQS_QUEUE_URL' | 'DLQ_URL', url: string | undefined) => {
    if (url === undefined) throw usageError(`${name}: is required for this command (not set)`);
    return url;
  };
  return {
    ...deps,
    printer: createPrinter({ out: deps.out, err: deps.err, json, noColor: deps.environment.NO_COLOR }),
    get settings() {
      return settings();
    },
    get dynamo() {
      return dynamo();
    },
    get s3() {
      return s3();
    },
    get sqs() {
      return sqs();
    },
    get queueUrl() {
      return queue('SQS_QUEUE_URL', settings().queueUrl);
    },
    get deadLetterQueueUrl() {
      return queue('DLQ_URL', settings().deadLetterQueueUrl);
    },
  };
}
