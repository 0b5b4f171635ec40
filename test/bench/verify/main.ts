/**
 * `npm run bench:verify`: what `receipts verify` finds. A million events in log streams of the embedded AWS, receipts of what was delivered, and a
 * thousand changes, one event each: dropped, repeated, altered, moved to another stream. The command, as a process with the customer's credentials, must
 * name the stream, the hour and the kind of each, and nothing else; and before the changes, nothing at all. Exit status 1 otherwise.
 */
import { CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { Command, InvalidArgumentError } from 'commander';
import { startCloud } from 'embedded-aws';
import { createProvisionDeps, type ProvisionDeps } from '../../../local/provision/deps.ts';
import { makeReceiptKeys } from '../../../local/receipt-keys.ts';
import { verifyAsCustomer } from '../../../local/verify-as-customer.ts';
import { createRandom } from '../../../local/workload/random.ts';
import { HOUR_MS } from '../../../service/core/books.ts';
import { buildTenant } from '../../support/tenant.ts';
import { KINDS, type Planted, plantChanges } from './changes.ts';
import { type Delivered, makeEvents } from './events.ts';
import { issueReceipts } from './issue.ts';

interface Options {
  readonly events: number;
  readonly changes: number;
  readonly seed: string;
  readonly json?: true;
}

const ACCOUNT = '111122223333';
const BUCKET = 'acme-receipts';
const GROUP = '/acme/app';
const REGION = 'us-east-1';
/** More cells than changes touch: a thousand touch 1,250. */
const STREAMS = 250;
const HOURS = 6;
const PUT_EVENTS_MAX = 2_000;

const { events, changes, seed, json } = new Command('npm run bench:verify --')
  .description('Plants changes in delivered events, and counts what the verification of receipts finds.')
  .option('--events <n>', 'delivered events', wholeNumber, 1_000_000)
  .option('--changes <n>', 'changes of one event each', wholeNumber, 1_000)
  .option('--seed <text>', 'of events and changes', 'receipts')
  .option('--json', 'print one line of JSON')
  .parse()
  .opts<Options>();

function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(value);
}

const startedMs = performance.now();
const startMs = Math.floor(Date.now() / HOUR_MS - HOURS - 2) * HOUR_MS;
const delivered = makeEvents({ seed, events, streams: STREAMS, hours: HOURS, startMs });
await using keys = await makeReceiptKeys();
const clean = await verified(delivered);
const changed = plantChanges(delivered, changes, createRandom(`${seed}/changes`));
const outcome = judge(await verified(delivered, changed.events), changed.planted);
const result = {
  events,
  planted: changed.planted.length,
  ...outcome,
  false_alarms: clean.differences.length,
  verify_seconds: clean.seconds,
  verified_events_per_second: Math.round(events / clean.seconds),
  seconds: Math.round((performance.now() - startedMs) / 100) / 10,
};
if (json) console.log(JSON.stringify(result));
else console.table(result);
const right = outcome.found === result.planted && outcome.of_another_kind + outcome.not_planted === 0;
process.exitCode = right && clean.verified ? 0 : 1;

/** A customer's account with receipts of what was delivered, and with what is there. */
async function verified(what: Delivered, there: Delivered = what) {
  const cloud = await startCloud();
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region: REGION });
  try {
    await deps.s3Of(ACCOUNT).send(new CreateBucketCommand({ Bucket: BUCKET }));
    for (const { key, document } of await issueReceipts(what, {
      group: GROUP,
      account: ACCOUNT,
      region: REGION,
      keys,
    })) {
      await deps.s3Of(ACCOUNT).send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: document }));
    }
    await putAll(deps, there);
    const beganMs = performance.now();
    const tenant = buildTenant('acme', ACCOUNT, { receipts: `s3://${BUCKET}` });
    const [found] = await verifyAsCustomer(tenant, {
      endpointUrl: cloud.url,
      region: REGION,
      publicKeyFile: keys.publicKeyFile,
      fromMs: startMs,
      toMs: startMs + HOURS * HOUR_MS,
    });
    if (!found) throw new Error('there are no receipts to verify');
    return { ...found, seconds: Math.round((performance.now() - beganMs) / 100) / 10 };
  } finally {
    deps.close();
    await cloud.close();
  }
}

async function putAll(deps: ProvisionDeps, streams: Delivered): Promise<void> {
  const logs = deps.logs(ACCOUNT, REGION);
  await logs.send(new CreateLogGroupCommand({ logGroupName: GROUP }));
  for (const [logStreamName, of] of streams) {
    await logs.send(new CreateLogStreamCommand({ logGroupName: GROUP, logStreamName }));
    const logEvents = of.toSorted((a, b) => a.timestamp - b.timestamp);
    for (let at = 0; at < logEvents.length; at += PUT_EVENTS_MAX) {
      const part = logEvents.slice(at, at + PUT_EVENTS_MAX);
      await logs.send(new PutLogEventsCommand({ logGroupName: GROUP, logStreamName, logEvents: part }));
    }
  }
}

/** Which changes were named as what they are, and what was named beside them. */
function judge(
  { differences }: Awaited<ReturnType<typeof verified>>,
  planted: readonly Planted[],
): { found: number; of_another_kind: number; not_planted: number } {
  const nameOf = (stream: string, hour: string) => `${stream}/${hour}`;
  const named = new Map(differences.map(({ stream, hour, kind }) => [nameOf(stream, hour), kind]));
  let [found, ofAnotherKind] = [0, 0];
  for (const { kind, places } of planted) {
    const kinds = places.map(({ stream, hour }) => named.get(nameOf(stream, hour)));
    if (kinds.every((each) => each === KINDS[kind])) found++;
    else if (kinds.every((each) => each !== undefined)) ofAnotherKind++;
    for (const { stream, hour } of places) named.delete(nameOf(stream, hour));
  }
  return { found, of_another_kind: ofAnotherKind, not_planted: named.size };
}
