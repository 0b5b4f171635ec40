import { gunzipSync } from 'node:zlib';
import { AwsError } from '../http/aws-error.ts';
import { parseMembers } from '../http/json.ts';
import { answer, type HttpRequest, header } from '../http/message.ts';
import { jsonAnswer } from '../http/protocol.ts';
import type { Operation, Service } from '../service.ts';
import type { LogsAction } from './action.ts';
import * as groups from './groups.ts';
import { putLogEvents } from './put.ts';
import { EVENT_BYTES_MAX } from './put-limits.ts';
import { createQuotas, type LogsQuotas } from './quotas.ts';
import { filterLogEvents, getLogEvents } from './read.ts';
import type { LogsStore } from './store.ts';
import { createLogStream, deleteLogStream, describeLogStreams } from './streams.ts';

export interface LogsDeps {
  readonly store: LogsStore;
  /** Default: none. */
  readonly quotas?: LogsQuotas | undefined;
  /** Largest event with its 26 bytes of overhead. Default 1 MiB; 262,144 in China. */
  readonly eventBytesMax?: number | undefined;
  /** How long after it was accepted a batch can be read, milliseconds; drawn for each. Default: at once. */
  readonly visibleAfterMs?: (() => number) | undefined;
}

const ACTIONS: ReadonlyMap<string, LogsAction> = new Map(
  Object.entries({
    PutLogEvents: putLogEvents,
    CreateLogGroup: groups.createLogGroup,
    DeleteLogGroup: groups.deleteLogGroup,
    DescribeLogGroups: groups.describeLogGroups,
    PutRetentionPolicy: groups.putRetentionPolicy,
    DeleteRetentionPolicy: groups.deleteRetentionPolicy,
    TagResource: groups.tagResource,
    UntagResource: groups.untagResource,
    ListTagsForResource: groups.listTagsForResource,
    CreateLogStream: createLogStream,
    DeleteLogStream: deleteLogStream,
    DescribeLogStreams: describeLogStreams,
    GetLogEvents: getLogEvents,
    FilterLogEvents: filterLogEvents,
  }),
);

const TARGET = 'Logs_20140328.';
/**
 * Ours: a batch of 1 MiB of control characters is 6 MiB of JSON escapes, plus what each event's members take. AWS documents
 * no limit of the body.
 */
const BODY_BYTES_MAX = 16 * 1024 * 1024;

/** CloudWatch Logs. All SDKs of today speak awsJson1_1 to it, which is all that its model declares. */
export function createLogs({
  store,
  quotas = {},
  eventBytesMax = EVENT_BYTES_MAX,
  visibleAfterMs = () => 0,
}: LogsDeps): Service {
  const takeQuota = createQuotas(quotas);
  return {
    name: 'logs',
    protocol: 'json-1.1',
    prepare(request, place): Operation {
      const name = (header(request, 'x-amz-target') ?? '').slice(TARGET.length);
      const action = ACTIONS.get(name);
      if (!action) throw new AwsError('UnknownOperationException', '');
      const body = decodeBody(request);
      const input = parseMembers(body);
      const permissions = action.permissions(input, place);
      return {
        action: name,
        resource: permissions[0]?.resource ?? '',
        permissions,
        run({ nowMs, requestId }) {
          takeQuota(`${place.account}/${place.region}`, name, nowMs);
          const output = action.run({ input, body, place, store, requestId, nowMs, eventBytesMax, visibleAfterMs });
          return output === undefined
            ? answer(200, { 'content-type': 'application/x-amz-json-1.1' })
            : jsonAnswer('json-1.1', output);
        },
      };
    },
  };
}

function decodeBody(request: HttpRequest): Buffer {
  const { body } = request;
  if (body.length > BODY_BYTES_MAX) throw new AwsError('RequestEntityTooLarge', 'Request body is too large', 413);
  const encoding = header(request, 'content-encoding') ?? 'identity';
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip') throw new AwsError('UnsupportedMediaTypeException', `Content-Encoding ${encoding}`, 415);
  try {
    return gunzipSync(body, { maxOutputLength: BODY_BYTES_MAX });
  } catch {
    throw new AwsError('SerializationException', 'The body is no gzip, or too large');
  }
}
