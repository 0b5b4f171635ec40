import type { Names } from '../names.ts';
import { denyPlainText, type PolicyDocument, policy } from './document.ts';

/** The central bucket: TLS 1.2 or newer. Who may read and write is said by the roles' own policies. */
export function bucketPolicy(names: Names): PolicyDocument {
  const everything = [names.bucketArn, `${names.bucketArn}/*`];
  return policy(denyPlainText(['s3:*'], everything), {
    Sid: 'ModernTlsOnly',
    Effect: 'Deny',
    Principal: '*',
    Action: ['s3:*'],
    Resource: everything,
    Condition: { NumericLessThan: { 's3:TlsVersion': ['1.2'] } },
  });
}
