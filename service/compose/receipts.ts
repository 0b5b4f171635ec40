import { randomUUID } from 'node:crypto';
import { createTenantS3Calls } from '../aws/calls.ts';
import { createRoutes } from '../aws/log-writer.ts';
import { createLogsSessions } from '../aws/logs-session.ts';
import { openSigner } from '../aws/receipt-signer.ts';
import { createRetention } from '../aws/retention.ts';
import { createRoleSessions } from '../aws/roles.ts';
import { createTenantSts } from '../aws/tenant-sts.ts';
import { answerOf } from '../base/aws-answer.ts';
import { awsFields } from '../base/logger.ts';
import { once } from '../base/once.ts';
import type { Delivery } from '../core/delivery.ts';
import { createItemRules } from '../destination/parse-delivery.ts';
import { createReceiptChains } from '../ledger/receipt-chains.ts';
import { createRetentionDebts } from '../ledger/retention-debts.ts';
import { createReceiptIssuer, RECEIPT_LEASE, type ReceiptIssuer } from '../run/receipts/issuer.ts';
import { createWriteReceipt, hasReceipts, type ReceiptDelivery } from '../run/receipts/write-receipt.ts';
import { listDeliveries, type TenantListDeps } from '../tenant/list.ts';
import { composeFleetLease } from './fleet-lease.ts';
import type { Ground } from './parts.ts';

/** Who issues receipts, put together from the settings; undefined when there is no key to sign them. */
export function composeReceiptIssuer(ground: Ground): ReceiptIssuer | undefined {
  const { settings, metrics, logger, dynamo, nowMs, monotonicMs } = ground;
  const { receiptKey, ledgerTable } = settings;
  if (receiptKey === undefined) return undefined;
  const lease = composeFleetLease(ground, RECEIPT_LEASE, ({ code, message }) =>
    logger.warn({ code }, `receipts are not issued by this process for now: ${message}`),
  );
  const clocks = { nowMs: monotonicMs, epochMs: nowMs };
  const onAssume = (outcome: string) => metrics.assumeRoles.inc({ outcome });
  const retention = createRetention({
    debts: createRetentionDebts({ dynamo, table: ledgerTable, owner: randomUUID(), nowMs }),
    onRefused: ({ tenantId, group }, message, error) =>
      logger.warn({ tenant: tenantId, group, ...awsFields(answerOf(error)) }, message),
    nowMs: monotonicMs,
  });
  const rules = createItemRules(settings);
  return createReceiptIssuer({
    lease,
    listDeliveries: (signal) => listReceiptDeliveries({ dynamo, table: settings.tenantTable, rules }, signal),
    chains: createReceiptChains({ dynamo, table: ledgerTable }),
    signer: once(() => openSigner(settings, receiptKey)),
    write: createWriteReceipt({
      sessions: createRoleSessions({
        sts: createTenantSts(settings, { ...clocks, onAssume }),
        ...clocks,
        onAssume,
      }),
      createLogs: createLogsSessions(settings),
      createS3: createTenantS3Calls(settings),
      createRoute: createRoutes({ retention, onCreate: (kind) => metrics.groupsCreated.inc({ kind }) }),
      random: Math.random,
      awsNowMs: nowMs,
    }),
    intervalMs: settings.receiptIntervalMs,
    eventBytesMax: settings.eventBytesMax,
    metrics,
    logger,
    nowMs,
  });
}

async function listReceiptDeliveries(deps: TenantListDeps, signal: AbortSignal): Promise<ReceiptDelivery[]> {
  const isWanted = (delivery: Delivery) => delivery.enabled && hasReceipts(delivery);
  return (await listDeliveries(deps, { attribute: 'receipts', isWanted }, signal)).filter(hasReceipts);
}
