/** S3 and DynamoDB cost nothing this way, and all of the objects' bytes would pay NAT otherwise. */
export const GATEWAY_SERVICES = ['s3', 'dynamodb'];
/** What a task talks to besides; Firehose for collectors that run in this VPC. */
export const INTERFACE_SERVICES = ['sqs', 'sts', 'logs', 'kms', 'ecr.api', 'ecr.dkr', 'kinesis-firehose'];
