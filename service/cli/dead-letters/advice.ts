import type { ErrorCode } from '../../base/errors.ts';
import { BY_THE_QUEUE } from './letter.ts';

/** What to do about dead letters of a reason, before they are redriven. */
const ADVICE: Readonly<Partial<Record<ErrorCode | typeof BY_THE_QUEUE, string>>> = {
  'not-a-notification': 'Another sender uses the queue: find it, then drop these messages.',
  'object-key-invalid':
    'The key does not match OBJECT_KEY_TEMPLATE: fix the writer, copy the objects to matching keys, drop these messages.',
  'object-gone':
    'The object was deleted or overwritten before it was delivered: drop these messages and check the lifecycle rules.',
  'object-corrupt': '`log-distributor object URL` shows what is wrong: fix the writer. Redriving does not help.',
  'object-unsupported':
    'The format of the object is not supported; the detail names it: change the writer, convert the objects, drop these messages.',
  'object-archived': 'Restore the object to a class that can be read at once, then redrive.',
  'object-poisonous':
    'Processes ended while they worked on it: look for out-of-memory in their logs, raise the memory, then redrive.',
  'object-request-rejected':
    'The detail says what S3 requires. Have the object written again, which delivers it; then drop these messages.',
  'object-too-large':
    'A dictionary or a value of the object does not fit in memory: raise MEMORY_BUDGET_MB (and the memory of the task), then redrive.',
  'object-forbidden': 'Give the task role s3:GetObject on the bucket and kms:Decrypt on its key, then redrive.',
  'object-unreadable': 'S3 failed repeatedly: redrive when it works again.',
  'tenant-unknown': '`log-distributor tenants put -f FILE` adds the tenant; then redrive.',
  'tenant-invalid': '`log-distributor tenants list --invalid` shows what is wrong; fix the item, then redrive.',
  'delivery-unknown': 'A replay names a delivery that the tenant no longer has: drop these messages.',
  'tenant-lookup-failed': 'The tenant table failed repeatedly: redrive when it works again.',
  'role-refused': '`log-distributor tenants verify TENANT` shows what the customer must fix; then redrive.',
  'role-unavailable': 'STS did not answer for PARK_HOURS: check the route to it, then redrive.',
  'destination-refused': '`log-distributor tenants verify TENANT` shows which permission is missing; then redrive.',
  'destination-throttled':
    "The tenant's account is at its quota: ask for more there, or set max_bytes_per_second; then redrive slowly.",
  'destination-rejects-request':
    'CloudWatch Logs rejected the request as invalid: report it with the detail; redrive after an update.',
  'destination-unavailable':
    'The destination did not answer for PARK_HOURS: check its region and the route to it, then redrive.',
  'answer-awaited': 'The destination did not answer, and the message could not be sent again: redrive.',
  'copy-interrupted': 'Copying the object was interrupted repeatedly: redrive.',
  'lease-held': 'Another process held the object for very long: redrive.',
  'lease-lost': 'The ledger or the host stalled: redrive.',
  'ledger-unavailable': 'The ledger failed repeatedly: redrive when it works again.',
  'quarantine-unavailable': 'Give the task role s3:PutObject below QUARANTINE_PREFIX, then redrive.',
  'memory-short':
    'The object repeatedly needed more memory than was reserved for it: report it with the detail, then redrive.',
  'worker-lost': 'Worker threads ended: look at their last log lines, then redrive.',
  unexpected: 'This is an unexpected error: report it with the detail, then redrive.',
  [BY_THE_QUEUE]:
    'The message was received too often without a result, or processes ended on it: read their logs, then redrive one.',
};

export function adviceFor(reason: string): string {
  return Object.hasOwn(ADVICE, reason)
    ? (ADVICE[reason as ErrorCode] ?? '')
    : 'This version of the service does not know this reason.';
}
