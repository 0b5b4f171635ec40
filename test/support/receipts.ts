import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  type LogGroupClass,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { type Cloud, startCloud } from 'embedded-aws';
import { createProvisionDeps } from '../../local/provision/deps.ts';
import { type Cell, HOUR_MS } from '../../service/core/books.ts';
import { digestOf } from '../../service/core/digest.ts';
import {
  type Receipt,
  receiptDocument,
  receiptHash,
  receiptLine,
  receiptStatement,
} from '../../service/core/receipt.ts';
import { sumCells } from '../../service/core/receipt-compare.ts';
import { createReceiptDraft, type DueObject } from '../../service/core/receipt-draft.ts';
import { createLocalSigner, type ReceiptSigner } from '../../service/core/receipt-key.ts';
import { RECEIPT_STREAM, receiptKey } from '../../service/core/receipt-place.ts';
import { type CliOptions, type CliRun, cli, cliEnvironment } from './cli.ts';

/** The customer's account, with what was delivered into it and receipts that are made here: no service runs. */

export const ACCOUNT = '111122223333';
export const BUCKET = 'acme-receipts';
export const GROUP = '/acme/app';
export const RECEIPT_GROUP = '/acme/receipts';

export interface TestEvent {
  readonly timestamp: number;
  readonly message: string;
}

export function newSigner(): ReceiptSigner {
  return createLocalSigner(
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  );
}

/** What the books say of events in streams of `GROUP`. */
export function cellsOf(streams: Readonly<Record<string, readonly TestEvent[]>>): Cell[] {
  const cells = Object.entries(streams).flatMap(([stream, events]) =>
    events.map(({ timestamp, message }): Cell => {
      const bytes = Buffer.from(message);
      const hour = Math.floor(timestamp / HOUR_MS);
      return { group: GROUP, stream, hour, events: 1, bytes: bytes.length, digest: digestOf(bytes, timestamp) };
    }),
  );
  return [...sumCells(cells).values()];
}

export interface Issue {
  readonly streams?: Readonly<Record<string, readonly TestEvent[]>>;
  readonly issuedMs?: number;
  /** In a log group; default: now. */
  readonly writtenMs?: number;
  readonly signer?: ReceiptSigner;
  /** Under the number of the one before, as by an issuer whose ledger was lost. */
  readonly anew?: true;
  readonly replay?: string;
  readonly covered?: boolean;
  readonly change?: Partial<Receipt>;
  /** What becomes of the document before it is written; undefined: it is not written. */
  readonly tamper?: (document: string) => string | undefined;
}

export interface ReceiptScene {
  readonly cloud: Cloud;
  /** An hour whose events can be delivered and verified, epoch milliseconds. */
  readonly hourMs: number;
  readonly signer: ReceiptSigner;
  readonly keyFile: string;
  readonly folder: string;
  put(stream: string, events: readonly TestEvent[], group?: string): Promise<void>;
  createGroup(name: string, logGroupClass?: LogGroupClass): Promise<void>;
  /** Draws up the next receipt of the chain and writes it. */
  issue(issue?: Issue): Promise<void>;
  verify(args?: readonly string[], options?: Partial<CliOptions>): Promise<CliRun>;
  run(args: readonly string[], options?: Partial<CliOptions>): Promise<CliRun>;
}

export async function startReceiptScene(
  t: TestContext,
  { place = `s3://${BUCKET}` }: { readonly place?: string } = {},
): Promise<ReceiptScene> {
  const cloud = await startCloud();
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region: 'us-east-1' });
  const folder = await mkdtemp(join(tmpdir(), 'receipts-'));
  t.after(async () => {
    deps.close();
    await cloud.close();
    await rm(folder, { recursive: true });
  });
  // The SDK asks the environment for credentials.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: ACCOUNT, AWS_SECRET_ACCESS_KEY: 'test' });
  const [s3, logs] = [deps.s3Of(ACCOUNT), deps.logs(ACCOUNT, 'us-east-1')];
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const signer = newSigner();
  const keyFile = join(folder, 'key.pem');
  await writeFile(keyFile, signer.publicKey);
  const environment = cliEnvironment({ endpointUrl: cloud.url });
  let number = 0;
  let previous: string | null = null;

  const putInto = async (group: string, stream: string, events: readonly TestEvent[]) => {
    await logs.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName: stream })).catch(() => {});
    const logEvents = events.toSorted((a, b) => a.timestamp - b.timestamp);
    for (let at = 0; at < logEvents.length; at += 10_000) {
      await logs.send(
        new PutLogEventsCommand({
          logGroupName: group,
          logStreamName: stream,
          logEvents: logEvents.slice(at, at + 10_000),
        }),
      );
    }
  };
  const createGroup = async (name: string, logGroupClass?: LogGroupClass) => {
    await logs.send(new CreateLogGroupCommand({ logGroupName: name, ...(logGroupClass ? { logGroupClass } : {}) }));
  };
  await createGroup(GROUP);
  await createGroup(RECEIPT_GROUP);

  const contentOf = ({ streams = {}, replay, covered = true }: Issue) => {
    const draft = createReceiptDraft(1_000_000);
    const cells = cellsOf(streams);
    const delivered = cells.reduce((sum, { events }) => sum + events, 0);
    const object: DueObject = {
      id: `s3://central/logs/${number}#v1${replay === undefined ? '' : `+replay:${replay}`}`,
      counts: { read: delivered, delivered, filtered: 0, rejected: 0, quarantined: 0 },
      books: covered ? { cells, covered } : { cells: [], covered },
    };
    if (delivered > 0) draft.add(object);
    return draft.content();
  };

  const run: ReceiptScene['run'] = (args, options) => cli(args, { environment, ...options });
  const hourMs = Math.floor(Date.now() / HOUR_MS - 5) * HOUR_MS;
  return {
    cloud,
    hourMs,
    signer,
    keyFile,
    folder,
    createGroup,
    put: (stream, events, group = GROUP) => putInto(group, stream, events),
    async issue(issue = {}) {
      const by = issue.signer ?? signer;
      if (!issue.anew) number++;
      const receipt: Receipt = {
        version: 1,
        tenant: 'acme',
        delivery: 'cloudwatch',
        account: ACCOUNT,
        region: 'us-east-1',
        number,
        issued: new Date(issue.issuedMs ?? Date.now() + 2 * HOUR_MS).toISOString(),
        interval: 3_600,
        previous,
        key: by.keyId,
        ...contentOf(issue),
        ...issue.change,
      };
      const line = receiptLine(receipt);
      previous = receiptHash(line);
      const document = receiptDocument(line, await by.sign(receiptStatement(line)));
      const text = issue.tamper ? issue.tamper(document) : document;
      if (text === undefined) return;
      if (place.startsWith('s3://')) {
        const Key = receiptKey('', 'acme', 'cloudwatch', { number, hash: receiptHash(line) });
        await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: text }));
      } else {
        await putInto(RECEIPT_GROUP, RECEIPT_STREAM, [{ timestamp: issue.writtenMs ?? Date.now(), message: text }]);
      }
    },
    run,
    verify(args = [], options = {}) {
      const from = new Date(hourMs - HOUR_MS).toISOString().replace('.000', '');
      const to = new Date(hourMs + 2 * HOUR_MS).toISOString().replace('.000', '');
      const defaults = ['--receipts', place, '--tenant', 'acme', '--public-key', keyFile, '--rate', '100'];
      return run(['receipts', 'verify', ...defaults, '--from', from, '--to', to, ...args, '--json'], options);
    },
  };
}
