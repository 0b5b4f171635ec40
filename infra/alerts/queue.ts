import type { Config } from '../config/config.ts';
import { containerInsights, queueMetric, serviceMetric } from '../values/metric.ts';
import type { Names } from '../values/names.ts';
import { type Alert, ANY } from './alert.ts';

/** More than one comparison that did not end, at the interval of an hour. */
const OVERDUE_SECONDS = 2 * 3600;

/** What goes wrong between the bucket and the tasks. */
export function queueAlerts(config: Config, names: Names): readonly Alert[] {
  const { alerts } = config;
  const receives = (labels = {}) => serviceMetric(config, names, 'receives_total', 'Sum', labels);
  const compared = (labels: Record<string, string>) =>
    serviceMetric(config, names, 'reconcile_objects_total', 'Sum', labels);
  return [
    {
      id: 'distributor-silent',
      name: 'LogDistributorDown',
      severity: 'page',
      summary: 'No log distributor answers.',
      description:
        'No task has published metrics for some minutes: none runs, or none can be reached, and the other alerts are blind. ' +
        "Objects wait in the queue (14 days at most). Look at the tasks' exit reasons and last log lines.",
      cloudwatch: {
        ...ANY,
        metrics: { value: serviceMetric(config, names, 'messages_in_flight', 'Maximum') },
        comparison: 'LessThanThreshold',
        missingData: 'breaching',
        periods: 3,
      },
      prometheus: { expr: 'absent(up{job="log-distributor"} == 1)', for: '3m' },
    },
    {
      id: 'tasks-missing',
      name: 'LogTasksMissing',
      severity: 'ticket',
      summary: 'Fewer tasks run than are wanted.',
      description: 'An image, capacity, or tasks that crash. The events of the ECS service say which.',
      cloudwatch: {
        ...ANY,
        metrics: {
          desired: containerInsights(names, 'DesiredTaskCount'),
          running: containerInsights(names, 'RunningTaskCount'),
        },
        expression: 'desired - running',
        periods: 3,
      },
      noPrometheus:
        'Only the orchestrator knows how many are wanted: on Kubernetes kube-state-metrics says it, and common rules alert on it.',
    },
    {
      id: 'objects-lost',
      name: 'LogObjectsLost',
      severity: 'ticket',
      summary: 'Objects of the bucket were never announced, or their announcement was lost.',
      description:
        'The comparison of the bucket with the ledger has found them. It announces them, unless LogReconcileWithheld fires; they are delivered late. Find out why: the notifications of the bucket, the subscription of the topic, the policy of the queue, or a queue that was purged.',
      cloudwatch: {
        ...ANY,
        metrics: {
          missing: compared({ outcome: 'missing' }),
          incomplete: compared({ outcome: 'incomplete' }),
        },
        // Of what there is: one of them may never have been.
        expression: 'SUM([missing, incomplete])',
      },
      prometheus: {
        expr: 'sum(increase(log_distributor_reconcile_objects_total{outcome=~"missing|incomplete"}[15m])) > 0',
      },
    },
    {
      id: 'lost-objects-withheld',
      name: 'LogReconcileWithheld',
      severity: 'ticket',
      summary: 'Lost objects are not announced until somebody decides.',
      description:
        'Either so much of the bucket is missing in the ledger that the ledger itself may be lost or restored from a backup, so that announcing all of it would deliver it twice; or objects were announced three times and are still not delivered. The runbook says how to go on.',
      cloudwatch: {
        ...ANY,
        metrics: {
          withheld: serviceMetric(config, names, 'reconcile_withheld_objects', 'Maximum'),
          givenup: serviceMetric(config, names, 'reconcile_announced_total', 'Sum', { outcome: 'given_up' }),
        },
        // Of what there is: one of them may never have been.
        expression: 'SUM([withheld, givenup])',
      },
      prometheus: {
        expr:
          'max(log_distributor_reconcile_withheld_objects) > 0 ' +
          'or sum(increase(log_distributor_reconcile_announced_total{outcome="given_up"}[15m])) > 0',
      },
    },
    {
      id: 'comparison-overdue',
      name: 'LogReconcileOverdue',
      severity: 'ticket',
      summary: 'The bucket has not been compared with the ledger for hours.',
      description:
        'Whoever compares them cannot finish: the task role may lack a permission, or there is more than it may announce. The service log has the reason.',
      cloudwatch: {
        ...ANY,
        metrics: { overdue: serviceMetric(config, names, 'reconcile_overdue_seconds', 'Maximum') },
        threshold: OVERDUE_SECONDS,
        periods: 3,
      },
      prometheus: { expr: `max(log_distributor_reconcile_overdue_seconds) > ${OVERDUE_SECONDS}`, for: '15m' },
    },
    {
      id: 'queue-unreadable',
      name: 'LogDistributorNotReceiving',
      severity: 'page',
      summary: 'The queue cannot be read.',
      description:
        "Every ReceiveMessage call fails. Look at /readyz, then at the task role's rights on the queue and its key.",
      cloudwatch: {
        ...ANY,
        metrics: { failed: receives({ outcome: 'failed' }), all: receives() },
        expression: 'IF(failed > 0 AND failed >= all, 1, 0)',
        periods: 2,
      },
      prometheus: {
        // `unless` and not `== 0`: a service that never received anything has no such series at all.
        expr:
          'sum(rate(log_distributor_receives_total{outcome="failed"}[5m])) > 0 ' +
          'unless sum(rate(log_distributor_receives_total{outcome!="failed"}[5m])) > 0',
        for: '5m',
      },
    },
    {
      id: 'dead-letters',
      name: 'LogDeadLetters',
      severity: 'ticket',
      summary: 'Messages went to the dead-letter queue.',
      description:
        "The logs are not delivered. The messages' attributes name reason, tenant, object and detail; fix the cause and redrive.",
      cloudwatch: {
        ...ANY,
        metrics: { value: queueMetric(names.deadLetterQueue, 'ApproximateNumberOfMessagesVisible', 'Maximum') },
      },
      prometheus: {
        // A series begins with its first dead letter, of which increase() knows nothing: new series count as they are.
        expr:
          'sum by (reason) (increase(log_distributor_dead_letters_total[15m]) > 0 ' +
          'or log_distributor_dead_letters_total unless log_distributor_dead_letters_total offset 15m) > 0',
        summary: 'Messages went to the dead-letter queue: {{ $labels.reason }}.',
      },
    },
    {
      id: 'queue-age',
      name: 'LogQueueOld',
      severity: 'page',
      summary: `A message has waited for more than ${alerts.queueAgeSeconds} s.`,
      description:
        'Tasks are too few, or stuck and receive nothing. Messages that wait for a tenant are mostly sent anew, which begins their age again.',
      cloudwatch: {
        ...ANY,
        metrics: { value: queueMetric(names.queue, 'ApproximateAgeOfOldestMessage', 'Maximum') },
        threshold: alerts.queueAgeSeconds,
        periods: 3,
      },
      noPrometheus:
        'SQS has metrics in CloudWatch only. LogTenantBehind and LogDeliveryLagHigh fire for the same cause.',
    },
    {
      id: 'queue-depth',
      name: 'LogQueueDeep',
      severity: 'ticket',
      summary: `More than ${alerts.queueDepth} messages wait.`,
      description: 'Autoscaling is at its limit, or a tenant takes nothing.',
      cloudwatch: {
        ...ANY,
        metrics: { value: queueMetric(names.queue, 'ApproximateNumberOfMessagesVisible', 'Maximum') },
        threshold: alerts.queueDepth,
        periods: 3,
      },
      prometheus: { expr: `max(log_distributor_queue_messages_visible) > ${alerts.queueDepth}`, for: '15m' },
    },
    {
      id: 'visibility-lost',
      name: 'LogVisibilityLost',
      severity: 'ticket',
      summary: 'Messages come back to the queue while they are in flight.',
      description:
        'The ledger keeps them from being delivered twice, but work is wasted. Look at throttling of SQS and at the event loop.',
      cloudwatch: {
        ...ANY,
        metrics: { value: serviceMetric(config, names, 'heartbeats_total', 'Sum', { outcome: 'lost' }) },
        threshold: 10,
        periodSeconds: 900,
      },
      prometheus: { expr: 'sum(increase(log_distributor_heartbeats_total{outcome="lost"}[15m])) > 10' },
    },
  ];
}
