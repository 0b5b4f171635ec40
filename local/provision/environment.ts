import type { Pipeline } from './pipeline.ts';

/** What AWS clients, the `aws` command among them, need to reach an endpoint. */
export function endpointEnvironment(endpointUrl: string, region: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpointUrl,
    AWS_REGION: region,
    // The `aws` command knows only this one.
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    S3_FORCE_PATH_STYLE: 'true',
  };
}

/** What the service needs on top, to work on a pipeline. */
export function serviceEnvironment(pipeline: Pipeline): Record<string, string> {
  return {
    SQS_QUEUE_URL: pipeline.queueUrl,
    DLQ_URL: pipeline.deadLetterQueueUrl,
    TENANT_CONFIG_TABLE: pipeline.tenantTable,
    LEDGER_TABLE: pipeline.ledgerTable,
  };
}

/** Lines for a shell. */
export function exportLines(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}=${value}\n`)
    .join('');
}
