import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * Every metric of the service, in a registry of its own. Each thread has one; the HTTP endpoint adds them up.
 * `docs/reference/metrics.md` describes them for people, and a test holds the two together.
 */
export type Metrics = ReturnType<typeof createMetrics>;

const PREFIX = 'log_distributor_';
/** Firehose buffers up to 15 minutes, so a lag of minutes is normal and one of hours is trouble. */
const LAG_BUCKETS_SECONDS = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400];
const CALL_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter<L>({ name: `${PREFIX}${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({ name: `${PREFIX}${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `${PREFIX}${name}`, help, buckets, registers });

  return {
    registry,
    events: counter('events_total', 'Records by what became of them.', ['tenant', 'outcome']),
    messageBytes: counter('message_bytes_total', 'UTF-8 bytes of delivered messages.', ['tenant']),
    objects: counter('objects_total', 'Objects by how their processing ended.', ['outcome']),
    puts: counter('put_calls_total', 'PutLogEvents calls by outcome.', ['outcome']),
    putSeconds: histogram('put_duration_seconds', 'Duration of a PutLogEvents call.', CALL_BUCKETS_SECONDS),
    putBytes: counter('put_bytes_total', 'Bytes of accepted batches as PutLogEvents counts them.'),
    throttles: counter('throttles_total', 'Calls that AWS throttled.', ['service']),
    retries: counter('retries_total', 'Calls that were repeated within the process.', ['service', 'fault']),
    putSentBytes: counter('put_sent_bytes_total', 'Bytes of PutLogEvents bodies as they were sent, by encoding.', [
      'encoding',
    ]),
    ambiguousPuts: counter('put_ambiguous_total', 'PutLogEvents calls that ended without an answer and were repeated.'),
    readBackBatches: counter('read_back_batches_total', 'Batches in doubt that were read back, by what was there.', [
      'outcome',
    ]),
    readBackEvents: counter('read_back_events_total', 'Events of batches in doubt: found there, or sent again.', [
      'outcome',
    ]),
    readBackCalls: counter('read_back_calls_total', 'GetLogEvents calls that read batches in doubt back.'),
    assumeRoles: counter('assume_role_total', 'AssumeRole calls by outcome.', ['outcome']),
    credentialsCached: gauge('credentials_cached', 'Valid sessions in the cache.'),
    lagSeconds: histogram('delivery_lag_seconds', 'Object created to last event accepted.', LAG_BUCKETS_SECONDS),
    objectSeconds: histogram('object_duration_seconds', 'Message received to object done.', LAG_BUCKETS_SECONDS),
    receives: counter('receives_total', 'ReceiveMessage calls by outcome.', ['outcome']),
    messagesReceived: counter('messages_received_total', 'Messages received.'),
    messagesInFlight: gauge('messages_in_flight', 'Messages in flight: received, not yet deleted or released.'),
    objectsInFlight: gauge('objects_in_flight', 'Objects that are being delivered.'),
    memoryReserved: gauge('memory_reserved_bytes', 'Memory that the objects in flight are admitted for, by estimate.'),
    messagesHandedBack: counter('messages_handed_back_total', 'Messages given back without a failure.', ['reason']),
    messagesAway: gauge('messages_away', 'Messages handed back as surplus that are still away, by estimate.'),
    workableMessages: gauge('workable_messages', 'Messages that wait for capacity, and for nothing else.'),
    workableAge: gauge('workable_oldest_age_seconds', 'Age of the oldest message that waits for capacity.'),
    saturated: gauge('saturated', '1 while messages wait for capacity in this process, else 0.'),
    circuitsOpen: gauge('circuit_open', 'Deliveries whose circuit is open.', ['tenant', 'code']),
    unansweredSeconds: gauge(
      'unanswered_seconds',
      'How long a destination of the tenant has not answered, or its role could not be assumed for want of an answer.',
      ['tenant'],
    ),
    placesUnanswered: gauge('places_unanswered', 'Regions in which a service answers no tenant.', [
      'service',
      'region',
    ]),
    parkedMessages: gauge('parked_messages', "Messages that wait for their tenant's destinations.", ['tenant']),
    parkedDeadLetter: gauge(
      'parked_first_dead_letter_timestamp_seconds',
      'When the first parked message becomes a dead letter if nothing changes.',
      ['tenant'],
    ),
    behindBulkhead: gauge('objects_behind_bulkhead', 'Objects that wait for an answer without a slot.'),
    circuitChanges: counter('circuit_changes_total', 'Circuits opened and closed.', ['to']),
    destinationsLimited: gauge('destinations_limited', 'Destinations that have a rate of calls.'),
    messagesRenewed: counter('messages_renewed_total', 'Messages sent anew with their history.'),
    heartbeats: counter('heartbeats_total', 'Visibility extensions by outcome.', ['outcome']),
    deliveredUpTo: gauge(
      'delivered_up_to_timestamp_seconds',
      'Objects announced before this moment are delivered, as far as this process knows.',
      ['tenant'],
    ),
    furthestBehind: gauge('furthest_behind_seconds', 'How far the tenant that is furthest behind is behind.'),
    queueVisible: gauge('queue_messages_visible', 'Messages that wait in the queue, as SQS counts them.'),
    queueReadUpTo: gauge('queue_read_up_to_timestamp_seconds', 'Messages sent before this moment are not waiting.'),
    usageDaysMissing: gauge(
      'usage_days_missing',
      'Days that are over and whose usage could not be summed up yet; 0 in all processes but the one that sums up.',
    ),
    canaries: counter('canaries_total', 'Canaries by what became of them.', ['outcome']),
    canarySeconds: histogram('canary_duration_seconds', 'Canary written to canary delivered.', LAG_BUCKETS_SECONDS),
    canaryWritten: gauge('canary_written_timestamp_seconds', 'When the last canary in the bucket was due.', ['tenant']),
    canaryDelivered: gauge(
      'canary_delivered_timestamp_seconds',
      'When the last canary that was delivered was written.',
      ['tenant'],
    ),
    reconciled: counter('reconcile_objects_total', 'Objects of the bucket by what they were found to be.', ['outcome']),
    reconcileAnnounced: counter('reconcile_announced_total', 'Lost objects that were announced.', ['outcome']),
    reconcileListCalls: counter('reconcile_list_calls_total', 'LIST requests of the comparison.'),
    reconcileSuccess: gauge(
      'reconcile_last_success_timestamp_seconds',
      'When the last comparison of the bucket with the ledger ended; 0 in all processes but one.',
    ),
    reconciledUpTo: gauge(
      'reconciled_up_to_timestamp_seconds',
      'Objects written before this moment are accounted for; 0 in all processes but one.',
    ),
    reconcileWithheld: gauge(
      'reconcile_withheld_objects',
      'Lost objects that are not announced until a person decides; 0 in all processes but one.',
    ),
    reconcileOverdue: gauge('reconcile_overdue_seconds', 'How long ago a comparison should have ended.'),
    deadLetters: counter('dead_letters_total', 'Messages sent to the dead-letter queue.', ['reason']),
    timestampsSubstituted: counter('timestamps_substituted_total', "Records that got the object's time.", ['cause']),
    invalidText: counter('invalid_text_total', 'Records whose bytes are not UTF-8.', ['outcome']),
    valuesUnshown: counter('record_values_unshown_total', 'Values that whole records do not show.', ['cause']),
    routesOverflowed: counter('routes_overflowed_total', 'Records whose names are one too many and share a stream.', [
      'tenant',
    ]),
    ledgerWrites: counter('ledger_writes_total', 'Writes to the ledger table by operation.', ['operation']),
    receipts: counter('receipts_total', 'Receipts by what became of them.', ['outcome']),
    receiptObjects: counter('receipt_objects_total', 'Objects in the receipts that were issued.'),
    receiptsBehind: gauge('receipts_behind_seconds', 'How long the receipt that has waited longest is due.'),
    quarantineFiles: counter('quarantine_files_total', 'Files written to quarantine.', ['reason']),
    rejectedFiles: counter('rejected_files_total', 'Files of rejected events that tenants want in their buckets.', [
      'kept_by',
    ]),
    progressEvents: counter('progress_events_total', 'Events that tell tenants how far they are, by outcome.', [
      'outcome',
    ]),
    groupsCreated: counter('groups_created_total', 'Log groups and streams created.', ['kind']),
    eventLoopDelaySeconds: gauge('event_loop_delay_seconds', 'Event loop delay since the last scrape.', ['quantile']),
    workersRestarted: counter('workers_restarted_total', 'Worker threads that ended and were replaced.'),
  };
}
