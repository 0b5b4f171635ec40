import { REJECTED_STREAM } from '../../../service/core/rejected-place.ts';
import { fateOf, markOf, type TrueRecord } from '../objects.ts';
import type { DeliveryTruth } from '../tenants.ts';
import { readRecord, type ServiceEvent } from './events.ts';
import type { Evidence, JudgedObject, Notes, QuarantinedLine } from './evidence.ts';
import { readLines } from './lines.ts';

/** Rejected events of tenants that want them in their own buckets (docs/decisions/0053). */
export interface RejectsVerdict {
  readonly rejected_in_bucket: number;
  /** The bucket did not take them, so that quarantine has their text. */
  readonly rejected_in_quarantine: number;
}

export const NO_REJECTS = { rejected_in_bucket: 0, rejected_in_quarantine: 0, wrong: 0 };

interface RejectsFile {
  readonly url: string;
  readonly lines: readonly QuarantinedLine[];
}

/**
 * Each rejected event is in a file of the tenant, and quarantine has its place; or quarantine has the text. Files have nothing else, and an
 * event in the log group tells of each.
 * @returns also how much is wrong
 */
export function checkRejects(
  evidence: Evidence,
  said: readonly ServiceEvent[],
  note: Notes,
): RejectsVerdict & { readonly wrong: number } {
  const kept = new Map(evidence.quarantine.map((line) => [nameOf(line), line]));
  let sum = NO_REJECTS;
  for (const { tenantId, truths } of evidence.tenants) {
    const taking = truths.filter(({ rejectedTo }) => rejectedTo !== undefined);
    if (taking.length === 0) continue;
    const files = filesOf(evidence, tenantId, taking);
    const left = new Map(files.flatMap(({ url, lines }) => lines.map((line) => [nameOf(line), { url, line }])));
    for (const { object, truth, at, record, reason } of rejectsOf(evidence, tenantId, taking)) {
      const name = nameOf({ object: object.id, delivery: truth.name, record: at, reason });
      const [there, place] = [left.get(name), kept.get(name)];
      left.delete(name);
      const inBucket = there !== undefined && place?.kept_at === there.url && isText(there.line, record, truth);
      const inQuarantine = place !== undefined && place.kept_at === undefined && isText(place, record, truth);
      if (inBucket) sum = { ...sum, rejected_in_bucket: sum.rejected_in_bucket + 1 };
      else if (inQuarantine) sum = { ...sum, rejected_in_quarantine: sum.rejected_in_quarantine + 1 };
      else {
        sum = { ...sum, wrong: sum.wrong + 1 };
        note(
          `rejected as ${reason}, and neither in the tenant's bucket nor in quarantine: record ${at} of ${object.id} for ${truth.name}`,
        );
      }
    }
    for (const name of left.keys()) note(`in a file of ${tenantId}, and not rejected: ${name}`);
    sum = { ...sum, wrong: sum.wrong + left.size };
    checkPointers(
      files,
      said.filter((one) => one.tenantId === tenantId),
      note,
    );
  }
  return sum;
}

function nameOf({ object, delivery, record, reason }: Omit<QuarantinedLine, 'message' | 'kept_at'>): string {
  return `${object} ${delivery} ${record} ${reason}`;
}

function filesOf({ files }: Evidence, tenantId: string, truths: readonly DeliveryTruth[]): RejectsFile[] {
  const [place] = truths.flatMap(({ rejectedTo }) => rejectedTo ?? []);
  return files
    .filter((file) => file.tenantId === tenantId && place && file.key.startsWith(place.folder))
    .map(({ bucket, key, body }) => ({ url: `s3://${bucket}/${key}`, lines: readLines(body) as QuarantinedLine[] }));
}

interface Reject {
  readonly object: JudgedObject;
  readonly truth: DeliveryTruth;
  readonly at: number;
  readonly record: TrueRecord;
  readonly reason: string;
}

function* rejectsOf({ objects }: Evidence, tenantId: string, truths: readonly DeliveryTruth[]): Generator<Reject> {
  for (const object of objects.filter((one) => one.tenantId === tenantId)) {
    for (const truth of truths) {
      for (const [at, record] of object.records.entries()) {
        const fate = fateOf(record, truth);
        if (fate.kind === 'rejected') yield { object, truth, at, record, reason: fate.reason };
      }
    }
  }
}

/** A whole record has its mark elsewhere, and the text of its message too. */
function isText({ message = '' }: QuarantinedLine, record: TrueRecord, { format }: DeliveryTruth): boolean {
  if (format === 'message') return message === record.message;
  const { mark, message: text } = readRecord(message);
  return text === record.message && mark?.record === markOf(record.message)?.record;
}

/** Each file is told of, and what is told is there. */
function checkPointers(files: readonly RejectsFile[], said: readonly ServiceEvent[], note: Notes): void {
  const told = said
    .filter(({ event }) => event.stream === REJECTED_STREAM)
    .map(({ event }) => JSON.parse(event.message));
  for (const { url, lines } of files) {
    const pointers = told.filter(({ file }) => file === url);
    if (pointers.length === 0) note(`nothing tells the tenant of ${url}`);
    for (const { events } of pointers)
      if (events !== lines.length) note(`${events} events are told of ${url}, which has ${lines.length}`);
  }
  const urls = new Set(files.map(({ url }) => url));
  for (const { file } of told)
    if (file !== undefined && !urls.has(file)) note(`the tenant is told of a file that is not there: ${file}`);
}
