import { randomUUID } from 'node:crypto';
import { createGzipBody } from '../../aws/gzip-body.ts';
import { createLogWriter } from '../../aws/log-writer.ts';
import { createLogsSessions } from '../../aws/logs-session.ts';
import { CONNECTION_TIMEOUT_MS, LIMITS } from '../../aws/place.ts';
import { createPutEvents, type PutEvents } from '../../aws/put-events.ts';
import { createPutEventsBySdk } from '../../aws/put-events-by-sdk.ts';
import { createRetention } from '../../aws/retention.ts';
import { answerOf } from '../../base/aws-answer.ts';
import { awsFields } from '../../base/logger.ts';
import { createRetentionDebts } from '../../ledger/retention-debts.ts';
import { defineKind, type SenderDeps } from '../kind.ts';
import { checkWriting, groupPrefixOf, hasTags, STEPS } from './check.ts';
import { createCloudWatch } from './sender.ts';
import { ATTRIBUTES, KIND, readTarget } from './target.ts';

/** CloudWatch Logs in the tenant's account: type `cloudwatch`. */
export const CLOUDWATCH = defineKind({
  kind: KIND,
  attributes: ATTRIBUTES,
  messageFormats: ['message', 'record'],
  read: readTarget,
  createSender: (deps) =>
    createCloudWatch({
      ...deps.calling,
      writer: composeWriter(deps),
      createSession: createLogsSessions(deps.settings),
      settleMs: deps.settings.settleMs,
      awsNowMs: deps.nowMs,
      metrics: deps.metrics,
      logger: deps.logger,
    }),
  steps: Object.values(STEPS),
  check({ place, session, application, nowMs, monotonicMs }, delivery) {
    const logs = createLogsSessions(place)(delivery.region, session).call;
    return checkWriting({ logs, nowMs, monotonicMs }, delivery, application);
  },
  template: 'customer-account.yaml',
  templateParameters: (delivery) => ({
    LogGroupPrefix: groupPrefixOf(delivery),
    ...(hasTags(delivery) ? { TagLogGroups: 'true' } : {}),
    ...(delivery.target.exactlyOnce ? { ExactlyOnce: 'true' } : {}),
  }),
});

function composePut({ settings, kernel, metrics, logger, nowMs }: SenderDeps): PutEvents {
  if (settings.plainDecoder) return createPutEventsBySdk(settings);
  return createPutEvents({
    ...LIMITS.tenant(settings),
    connectionTimeoutMs: CONNECTION_TIMEOUT_MS,
    nowMs,
    gzipBody: settings.putCompression === 'gzip' ? createGzipBody(kernel) : undefined,
    onSent: (encoding, bytes) => metrics.putSentBytes.inc({ encoding }, bytes),
    onGzipRefused: (region, error) =>
      logger.warn(
        { region, ...awsFields(answerOf(error)) },
        'CloudWatch Logs takes no compressed bodies here; they are sent as they are',
      ),
  });
}

function composeWriter(deps: SenderDeps) {
  const { settings, calling, dynamo, metrics, logger, nowMs } = deps;
  return createLogWriter({
    putEvents: composePut(deps),
    retention: createRetention({
      debts: createRetentionDebts({ dynamo, table: settings.ledgerTable, owner: randomUUID(), nowMs }),
      onRefused: ({ tenantId, group }, message, error) =>
        logger.warn({ tenant: tenantId, group, ...awsFields(answerOf(error)) }, message),
      nowMs: calling.nowMs,
    }),
    onCreate: (kind) => {
      metrics.groupsCreated.inc({ kind });
      logger.debug({ kind }, 'created what a put found missing');
    },
  });
}
