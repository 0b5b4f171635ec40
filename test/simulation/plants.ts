import type { Plant } from './replace.ts';

/** Faults that a simulation must find: each was one once, or is what a line of the service prevents. */
export const PLANTS: Readonly<Record<string, readonly Plant[]>> = {
  /** Circuit breakers wait by the host's clock: one that is set back holds a tenant for as long. */
  'host-clock': [
    {
      file: 'service/compose/parts.ts',
      find: '    nowMs,\n    probeMs: settings.probeMs,',
      replace: '    nowMs: () => Date.now(),\n    probeMs: settings.probeMs,',
    },
  ],
  /** Whoever has lost the lease writes all the same. */
  'write-without-condition': [
    {
      file: 'service/ledger/ledger.ts',
      find: `condition: '#owner = :me AND`,
      replace: `condition: 'attribute_exists(#owner) OR attribute_not_exists(#owner) OR #owner = :me AND`,
    },
  ],
  /** A lease is taken before it is over. */
  'lease-taken-early': [
    {
      file: 'service/ledger/ledger.ts',
      find: `#lease_expires_at < :settled OR (`,
      replace: `#lease_expires_at < :settled OR attribute_exists(#owner) OR (`,
    },
  ],
  /** A message is deleted before the ledger says that its objects are done. */
  'deleted-too-early': [
    {
      file: 'service/run/messages/process-message.ts',
      find: '  const reports = await deliverAll(deps, announcement, message.signal);',
      replace:
        '  void deps.queue.remove?.([received.message.receipt]).catch(() => {});\n  const reports = await deliverAll(deps, announcement, message.signal);',
    },
  ],
  /** Whoever was frozen for longer than its lease goes on when it wakes. */
  'lease-never-doubted': [
    {
      file: 'service/delivery/lease-keeper.ts',
      find: 'const GIVE_UP_AFTER = 0.8;',
      replace: 'const GIVE_UP_AFTER = 1e9;',
    },
  ],
  /** Whoever drains gives the lease back, and does not say how far it came. */
  'drained-unsaved': [
    {
      file: 'service/ledger/ledger.ts',
      find: `write('release', { set: { ...set, ...end.set }`,
      replace: `write('release', { set: end.set`,
    },
  ],
  /** The position is not saved on the way. */
  'checkpoint-lost': [
    {
      file: 'service/delivery/lease-keeper.ts',
      find: 'place === saved ? lease.renew() : lease.checkpoint(current)',
      replace: 'lease.renew()',
    },
  ],
  /** What is in doubt is sent again without a look (`exactly_once`, as all that follow). */
  'read-back-skipped': [
    {
      file: 'service/destination/cloudwatch/exactly-once.ts',
      find: '      if (!doubt) return undefined;',
      replace: '      if (doubt || !doubt) return undefined;',
    },
  ],
  /** After a lost answer the stream is read once, before it has to show what it accepted. */
  'read-back-too-soon': [
    {
      file: 'service/destination/cloudwatch/exactly-once.ts',
      find: 'const settledMs = deps.nowMs() + deps.settleMs;',
      replace: 'const settledMs = deps.nowMs();',
    },
  ],
  /** Whoever takes over does so as soon as the lease is over, before the stream has to show what the owner before did. */
  'taken-over-too-soon': [
    {
      file: 'service/ledger/ledger.ts',
      find: `':settled': now - settleMs`,
      replace: `':settled': now`,
    },
  ],
  /** An owner in doubt gives back as if it were not. */
  'doubt-forgotten': [
    {
      file: 'service/delivery/run-delivery.ts',
      find: 'inDoubt: () => doubted !== undefined || (destination?.inDoubt?.() ?? false),',
      replace: 'inDoubt: () => false,',
    },
  ],
  /** Nobody looks at the lease before the last byte of a call leaves. */
  'last-byte-unguarded': [
    {
      file: 'service/destination/cloudwatch/exactly-once.ts',
      find: '          throwIfStopped(signals);\n          left = true;',
      replace: '          left = true;',
    },
  ],
  /** A file of records counts as written before the tenant's bucket has it. */
  'file-not-awaited': [
    {
      file: 'service/destination/s3/sender.ts',
      find: "await put(key, await gzipAsync(toLines(plan, batch)), { ContentType: 'application/gzip' }, signals);",
      replace:
        "void put(key, await gzipAsync(toLines(plan, batch)), { ContentType: 'application/gzip' }, signals).catch(() => {});",
    },
  ],
  /** An object is copied as a whole, with what must stay behind. */
  'copied-unlooked': [
    {
      file: 'service/delivery/copy-whole.ts',
      find: 'if (plan.filtered > 0 || plan.refusals.length > 0) return undefined;',
      replace: '',
    },
  ],
  /** A receipt counts as issued before the tenant has it. */
  'receipt-not-awaited': [
    {
      file: 'service/run/receipts/issuer.ts',
      find: 'await deps.write(delivery, pending, held.signal);',
      replace: 'void deps.write(delivery, pending, held.signal).catch(() => {});',
    },
  ],
  /** What the index names is taken for due, though the index is behind. */
  'index-believed': [
    {
      file: 'service/ledger/receipt-chains.ts',
      find: 'data?.receipt_due === delivery ? [data] : []',
      replace: 'data ? [data] : []',
    },
    {
      file: 'service/ledger/receipt-chains.ts',
      find: 'receipt_due: z.string(),',
      replace: 'receipt_due: z.string().optional(),',
    },
  ],
  /** A receipt is drawn up whatever another process has issued meanwhile. */
  'chain-forked': [
    {
      file: 'service/ledger/receipt-chains.ts',
      find: 'ConditionExpression: `attribute_not_exists(#pending) AND ',
      replace: 'ConditionExpression: `attribute_exists(#pending) OR attribute_not_exists(#pending) OR ',
    },
  ],
};
