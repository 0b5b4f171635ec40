import { createTenantS3Calls } from '../../aws/calls.ts';
import { defineKind } from '../kind.ts';
import { checkBucket, STEP, templateParametersOf } from './check.ts';
import { createS3Destination } from './sender.ts';
import { ATTRIBUTES, KIND, readTarget } from './target.ts';

/** A bucket of the tenant: type `s3`. */
export const S3 = defineKind({
  kind: KIND,
  attributes: ATTRIBUTES,
  messageFormats: ['record'],
  read: readTarget,
  createSender: ({ calling, settings }) =>
    createS3Destination({ ...calling, createCalls: createTenantS3Calls(settings) }),
  steps: [STEP],
  check({ place, session, monotonicMs }, delivery) {
    return checkBucket({ s3: createTenantS3Calls(place)(delivery.region, session), monotonicMs }, delivery);
  },
  template: 'customer-bucket.yaml',
  templateParameters: ({ target }) => templateParametersOf(target),
});
