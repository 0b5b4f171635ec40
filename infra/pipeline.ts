import { TerraformOutput } from 'cdktn';
import type { Construct } from 'constructs';
import type { Config } from './config/config.ts';
import { createDistributor } from './constructs/distributor.ts';
import { createHub } from './constructs/hub.ts';
import { createIngestion } from './constructs/ingestion.ts';
import { createKeys, createReceiptKey } from './constructs/keys.ts';
import { createNetwork } from './constructs/network.ts';
import { createRegistry } from './constructs/registry.ts';
import { createScaling } from './constructs/scaling.ts';
import { createSpending } from './constructs/spending.ts';
import { createSpoke } from './constructs/spoke.ts';
import { createStaging } from './constructs/staging.ts';
import { createTables } from './constructs/tables.ts';
import { createWatching } from './constructs/watching.ts';
import { createWriterRole } from './constructs/writer.ts';
import { imageName } from './deploy/image.ts';
import type { Names } from './values/names.ts';
import { layoutOf } from './values/object-layout.ts';

/** The pipeline, in the order in which a log line travels through it. */
export function composePipeline(
  stack: Construct,
  { config, names, imageTag }: { config: Config; names: Names; imageTag: string | undefined },
): void {
  const layout = layoutOf(config);
  const keys = createKeys(stack, config, names);
  const bucket = createStaging(stack, { config, names, layout, keyArn: keys.data });
  const stream = createIngestion(stack, { config, names, layout, bucket, keys });
  const writerRole = createWriterRole(stack, { config, names, layout, keyArn: keys.data });
  const hub = createHub(stack, { bucket, names, layout, keyArn: keys.messaging });
  const spoke = createSpoke(stack, 'delivery', {
    queue: { name: names.queue, arn: names.queueArn },
    deadLetterQueue: { name: names.deadLetterQueue, arn: names.deadLetterQueueArn },
    topicArn: hub.arn,
    keyArn: keys.messaging,
    config: config.queue,
  });
  const tables = createTables(stack, { config, names, keyArn: keys.data });
  const network = createNetwork(stack, { config, names, logsKeyArn: keys.logs });
  const repository = createRegistry(stack, config, names, keys.data);
  const service = createDistributor(stack, {
    config,
    names,
    layout,
    keys,
    network,
    spoke,
    receiptKey: createReceiptKey(stack, config, names),
    image: imageName(repository.repositoryUrl, imageTag ?? 'none'),
    running: imageTag !== undefined,
  });
  if (service) createScaling(stack, { config, names, service });
  const alerts = createWatching(stack, { config, names, keyArn: keys.messaging, running: service !== undefined });
  createSpending(stack, { config, names, topicArn: alerts.arn });

  const outputs: Readonly<Record<string, string | undefined>> = {
    bucket: bucket.bucket,
    hub_topic_arn: hub.arn,
    queue_url: spoke.queue.url,
    dead_letter_queue_url: spoke.deadLetterQueue.url,
    tenant_table: tables.tenants.name,
    ledger_table: tables.ledger.name,
    delivery_stream: stream?.name,
    writer_role_arn: writerRole?.arn,
    repository_url: repository.repositoryUrl,
    /** What customers give their template as `DistributorRoleArn`. */
    distributor_role_arn: names.taskRoleArn,
    alerts_topic_arn: alerts.arn,
  };
  for (const [id, value] of Object.entries(outputs)) {
    if (value !== undefined) new TerraformOutput(stack, id, { value });
  }
}
