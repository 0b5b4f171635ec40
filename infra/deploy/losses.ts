import type { Change } from './plan.ts';

/** Resources whose end somebody would notice: what goes with each. */
const GUARDED: Readonly<Record<string, string>> = {
  aws_ecs_service: 'the service with its running tasks; nothing is delivered without them',
  aws_dynamodb_table: 'the table with its items',
  aws_s3_bucket: 'the bucket with its objects',
  aws_kms_key: 'the key, and with it everything that it encrypted',
  aws_sqs_queue: 'the queue with its messages',
  aws_sns_topic: 'the topic with the subscriptions of others',
  aws_iam_role: 'the role; policies of others that trust it do not match a new one of the same name',
  aws_ecr_repository: 'the repository with its images',
  aws_kinesis_firehose_delivery_stream: 'the delivery stream with the records that it has not written yet',
  aws_cloudwatch_log_group: 'the log group with its events',
  aws_vpc: 'the network of the tasks',
};

/** What a plan takes away that runs, keeps data or is trusted: a line for each. */
export function lossesOf(changes: readonly Change[]): readonly string[] {
  return changes.flatMap(({ type, deletes, creates, before, address }) => {
    const what = GUARDED[type];
    if (!deletes || what === undefined) return [];
    return [`  ${nameIn(before, address)}: ${what}${creates ? ' (a new one takes its place)' : ''}`];
  });
}

/** Tables that AWS itself keeps from being deleted, as their environment was deployed as production. */
export function protectedTables(changes: readonly Change[]): readonly string[] {
  return changes
    .filter(({ deletes, before }) => deletes && before.deletion_protection_enabled === true)
    .map(({ before, address }) => nameIn(before, address));
}

function nameIn(values: Readonly<Record<string, unknown>>, address: string): string {
  const name = values.name ?? values.bucket ?? values.description ?? values.id;
  return typeof name === 'string' && name !== '' ? name : address;
}
