import { AwsError, DeniedError } from '../http/aws-error.ts';
import type { Caller } from '../identity/caller.ts';
import { bucketArn } from './action.ts';
import { covers, type NotificationRule, type Notifications } from './notification-config.ts';
import type { Bucket, Version } from './store.ts';

/** Tells topics and queues about objects. */
export interface Notifier {
  /** Goes on by itself; what cannot be delivered is reported as a problem, since S3 has nobody to answer to. */
  notify(bucket: Bucket, version: Version, event: string, origin: Origin): void;
  /**
   * Sends `s3:TestEvent` to every destination.
   * @throws AwsError InvalidArgument when one of them does not let the bucket
   */
  test(bucket: Bucket, rules: Notifications, origin: Origin): Promise<void>;
  /** When all that was under way is delivered. */
  settled(): Promise<void>;
}

export interface Origin {
  readonly caller: Caller;
  readonly requestId: string;
  readonly nowMs: number;
}

export interface Publication {
  /** ARN of a topic or a queue. */
  readonly destination: string;
  readonly body: string;
  /** Who publishes, for the destination's policy. */
  readonly sourceArn: string;
  readonly sourceAccount: string;
}

export interface NotifierDeps {
  /** @throws AwsError, DeniedError when the destination does not exist or does not permit it */
  readonly publish: (publication: Publication) => Promise<void>;
  /** Whether what is to be told of this key gets lost. */
  readonly isLost: (key: string) => boolean;
  readonly onProblem: (problem: string) => void;
}

export function createNotifier({ publish, isLost, onProblem }: NotifierDeps): Notifier {
  const underWay = new Set<Promise<void>>();
  let count = 0;

  const send = (bucket: Bucket, { destination }: NotificationRule, body: unknown) =>
    publish({
      destination,
      body: JSON.stringify(body),
      sourceArn: bucketArn(bucket.name),
      sourceAccount: bucket.owner,
    });

  return {
    notify(bucket, version, event, origin) {
      if (isLost(version.key)) return;
      // Hexadecimal, longer for later events of a key ("sequencer", S3 user guide).
      const sequencer = `${origin.nowMs.toString(16).padStart(12, '0')}${(count++ % 0x10000).toString(16).padStart(4, '0')}`;
      for (const rule of bucket.notifications) {
        if (!rule.events.some((pattern) => covers(pattern, `s3:${event}`))) continue;
        if (!version.key.startsWith(rule.prefix) || !version.key.endsWith(rule.suffix)) continue;
        const record = eventRecord({ bucket, version, event, origin, configurationId: rule.id, sequencer });
        const sending: Promise<void> = send(bucket, rule, { Records: [record] })
          .catch((error: unknown) => onProblem(`S3 could not notify ${rule.destination} of ${version.key}: ${error}`))
          .finally(() => underWay.delete(sending));
        underWay.add(sending);
      }
    },
    async test(bucket, rules, { requestId, nowMs }) {
      for (const rule of rules) {
        try {
          await send(bucket, rule, {
            Service: 'Amazon S3',
            Event: 's3:TestEvent',
            Time: new Date(nowMs).toISOString(),
            Bucket: bucket.name,
            RequestId: requestId,
            HostId: requestId,
          });
        } catch (error) {
          if (!(error instanceof AwsError || error instanceof DeniedError)) throw error;
          throw new AwsError('InvalidArgument', 'Unable to validate the following destination configurations', 400, {
            ArgumentName1: `${rule.destination}, null`,
            ArgumentValue1: error.message,
          });
        }
      }
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

interface EventOf {
  readonly bucket: Bucket;
  readonly version: Version;
  readonly event: string;
  readonly origin: Origin;
  readonly configurationId: string;
  readonly sequencer: string;
}

/** S3 user guide, "Event message structure". */
function eventRecord({ bucket, version, event, origin, configurationId, sequencer }: EventOf) {
  const { caller, requestId, nowMs } = origin;
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: bucket.region,
    eventTime: new Date(nowMs).toISOString(),
    eventName: event,
    userIdentity: { principalId: `AWS:${caller.userId}` },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: { 'x-amz-request-id': requestId, 'x-amz-id-2': requestId },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId,
      bucket: { name: bucket.name, ownerIdentity: { principalId: bucket.owner }, arn: bucketArn(bucket.name) },
      object: {
        key: encodeKey(version.key),
        // A removal tells neither.
        ...(event.startsWith('ObjectCreated') ? { size: version.size, eTag: version.eTag.replaceAll('"', '') } : {}),
        ...(bucket.versioning === undefined ? {} : { versionId: version.versionId }),
        sequencer,
      },
    },
  };
}

/** Like a form: a space is `+`, all but letters, digits and `.-*_` is percent-encoded UTF-8; slashes stay. */
function encodeKey(key: string): string {
  return new URLSearchParams([['', key]]).toString().slice(1).replaceAll('%2F', '/');
}
