import { type HttpRequest, header } from './http/message.ts';
import type { Protocol } from './http/protocol.ts';
import type { Service, ServiceName } from './service.ts';

/** Which service a request is for, and how its errors are told. */
export interface Route {
  /** As the client names it. */
  readonly name: string;
  readonly service: Service | undefined;
  readonly protocol: Protocol;
}

const TARGETS: readonly (readonly [prefix: string, service: ServiceName])[] = [
  ['Logs_20140328.', 'logs'],
  ['AmazonSQS.', 'sqs'],
  ['DynamoDB_', 'dynamodb'],
  ['TrentService.', 'kms'],
];
/** `Version` of the query protocol's forms. */
const VERSIONS: readonly (readonly [version: string, service: ServiceName])[] = [
  ['2011-06-15', 'sts'],
  ['2010-05-08', 'iam'],
  ['2010-03-31', 'sns'],
];

/** By the scope of the signature; an unsigned or unreadable request by its target, its form or, at last, as S3's. */
export function detectService(request: HttpRequest, services: ReadonlyMap<string, Service>): Route {
  const scope = /Credential=[^/]*\/\d+\/[^/]*\/([a-z0-9-]+)\/aws4_request/.exec(header(request, 'authorization') ?? '');
  const name = scope?.[1] ?? byShape(request);
  const service = services.get(name);
  return { name, service, protocol: service?.protocol ?? services.get(byShape(request))?.protocol ?? 's3' };
}

function byShape(request: HttpRequest): ServiceName {
  const target = header(request, 'x-amz-target');
  if (target !== undefined) return TARGETS.find(([prefix]) => target.startsWith(prefix))?.[1] ?? 'logs';
  if (request.method === 'POST' && header(request, 'content-type')?.startsWith('application/x-www-form-urlencoded')) {
    const form = request.body.toString('latin1', 0, 64 * 1024);
    return VERSIONS.find(([version]) => form.includes(`Version=${version}`))?.[1] ?? 'sts';
  }
  return 's3';
}
