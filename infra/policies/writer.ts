import type { WritersConfig } from '../config/config.ts';
import type { Names } from '../values/names.ts';
import type { ObjectLayout } from '../values/object-layout.ts';
import { type PolicyDocument, policy, type Statement, useKeyThrough } from './document.ts';

/** Who may be Vector: its service account on EKS, and the principals that the settings name. Undefined: nobody. */
export function writerTrust(names: Names, writers: WritersConfig): PolicyDocument | undefined {
  const statements: Statement[] = [];
  if (writers.eks) {
    const { oidcIssuer, namespace, serviceAccount } = writers.eks;
    const issuer = oidcIssuer.replace(/^https:\/\//, '');
    statements.push({
      Sid: 'VectorOnEks',
      Effect: 'Allow',
      Principal: { Federated: [`arn:${names.place.partition}:iam::${names.place.accountId}:oidc-provider/${issuer}`] },
      Action: ['sts:AssumeRoleWithWebIdentity'],
      Condition: {
        StringEquals: {
          [`${issuer}:aud`]: ['sts.amazonaws.com'],
          [`${issuer}:sub`]: [`system:serviceaccount:${namespace}:${serviceAccount}`],
        },
      },
    });
  }
  if (writers.principals.length > 0 && writers.externalId !== undefined) {
    statements.push({
      Sid: 'NamedPrincipals',
      Effect: 'Allow',
      Principal: { AWS: writers.principals },
      // EKS Pod Identity tags the collector's session, and the tags come along.
      Action: ['sts:AssumeRole', 'sts:TagSession'],
      Condition: { StringEquals: { 'sts:ExternalId': [writers.externalId] } },
    });
  }
  return statements.length > 0 ? policy(...statements) : undefined;
}

/**
 * Vector's sinks: to the delivery stream, or to the bucket where there is none; and to the bucket for
 * records without a tenant. Their health checks are off, and nothing else looks at stream or bucket.
 */
export function writerRolePolicy(
  names: Names,
  layout: ObjectLayout,
  firehose: boolean,
  dataKeyArn: string | undefined,
): PolicyDocument {
  const writes: readonly Statement[] = firehose
    ? [
        {
          Sid: 'WriteStream',
          Effect: 'Allow',
          Action: ['firehose:PutRecordBatch'],
          Resource: [names.deliveryStreamArn],
        },
      ]
    : [
        {
          Sid: 'WriteObjects',
          Effect: 'Allow',
          Action: ['s3:PutObject'],
          Resource: [`${names.bucketArn}/${layout.logsPrefix}*`],
        },
      ];
  return policy(
    ...writes,
    {
      Sid: 'KeepWithoutTenant',
      Effect: 'Allow',
      Action: ['s3:PutObject'],
      Resource: [`${names.bucketArn}/${layout.withoutTenantPrefix}*`],
    },
    // The OpenTelemetry Collector writes objects above 5 MiB in parts, which S3 decrypts to join them (S3 user guide, "Multipart
    // upload API and permissions").
    ...useKeyThrough('EncryptObjects', 's3', names.place, dataKeyArn, [
      'kms:GenerateDataKey',
      ...(firehose ? [] : (['kms:Decrypt'] as const)),
    ]),
  );
}
