import type { ErrorCode } from '../../base/errors.ts';
import { BY_THE_QUEUE } from './letter.ts';

/** What to do about dead letters of a reason, before they are redriven. */
const ADVICE: Readonly<Partial<Record<ErrorCode | typeof BY_THE_QUEUE, string>>> = {
  'not-a-notification': 'Somebody sends other things to the queue: find out who, then drop these.',
  'object-key-invalid':
    'The key does not fit OBJECT_KEY_TEMPLATE: fix the writer, copy the objects to keys that fit, drop these.',
  'object-gone':
    'The object was deleted or overwritten before it was delivered: drop these; look at the lifecycle rules.',
  'object-corrupt': '`log-distributor object URL` says what is wrong: fix the writer. Redriving does not help.',
  'object-unsupported':
    'The object is of a format that is not read; the detail names it: change the writer, convert the objects, drop these.',
  'object-archived': 'Restore the object to a class that can be read at once, then redrive.',
  'object-poisonous':
    'It ended processes: look for out-of-memory in their logs, fix or raise the memory, then redrive.',
  'object-request-rejected':
    'The detail says what S3 asks for. Have the object written again, which delivers it; then drop these.',
  'object-too-large':
    'A dictionary or a value of the object does not fit in memory: raise MEMORY_BUDGET_MB (and the memory of the task), then redrive.',
  'object-forbidden': 'Give the task role s3:GetObject on the bucket and kms:Decrypt on its key, then redrive.',
  'object-unreadable': 'S3 failed for long: redrive.',
  'tenant-unknown': '`log-distributor tenants put -f FILE` adds the tenant; then redrive.',
  'tenant-invalid': '`log-distributor tenants list --invalid` says what is wrong; fix the item, then redrive.',
  'delivery-unknown': 'A replay names a delivery that the tenant no longer has: drop these.',
  'tenant-lookup-failed': 'The tenant table failed for long: redrive.',
  'role-refused': '`log-distributor tenants verify TENANT` says what the customer must fix; then redrive.',
  'role-unavailable': 'STS did not answer for PARK_HOURS: look at the route there, then redrive.',
  'destination-refused': '`log-distributor tenants verify TENANT` says which permission is missing; then redrive.',
  'destination-throttled':
    "The tenant's account is at its quota: ask for more there, or set max_bytes_per_second; then redrive slowly.",
  'destination-rejects-request':
    'CloudWatch Logs calls our request invalid: report it with the detail; redrive after an update.',
  'destination-unavailable':
    'The destination did not answer for PARK_HOURS: look at its region and the route there, then redrive.',
  'answer-awaited': 'Its destination did not answer, and the message could not be sent anew: redrive.',
  'copy-interrupted': 'Copies of the object were interrupted again and again: redrive.',
  'lease-held': 'Another process was at the object for very long: redrive.',
  'lease-lost': 'The ledger or the host stalled: redrive.',
  'ledger-unavailable': 'The ledger failed for long: redrive.',
  'quarantine-unavailable': 'Give the task role s3:PutObject below QUARANTINE_PREFIX, then redrive.',
  'memory-short':
    'It needed more memory than it was admitted for, again and again: report it with the detail, then redrive.',
  'worker-lost': 'Worker threads ended: look at their last log lines, then redrive.',
  unexpected: 'Nobody expected this: report it with the detail, then redrive.',
  [BY_THE_QUEUE]:
    'It was received too often without an answer, or ended processes: look at their logs, then redrive one.',
};

export function adviceFor(reason: string): string {
  return Object.hasOwn(ADVICE, reason)
    ? (ADVICE[reason as ErrorCode] ?? '')
    : 'Not a reason of this version of the service.';
}
