import { AwsError } from '../http/aws-error.ts';
import { type LogsAction, type LogsCall, namedGroup, permission } from './action.ts';
import { isOfClass, readClass } from './class.ts';
import {
  constraint,
  exists,
  groupArn,
  groupName,
  type Input,
  invalid,
  notFound,
  optionalNumber,
  optionalText,
  textList,
  textMap,
} from './names.ts';
import { page, pageSize } from './paging.ts';
import type { LogGroup, LogsPlace } from './store.ts';

/** PutRetentionPolicy, "Possible values". */
const RETENTION_DAYS = new Set([
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]);
/** TagResource: 50 tags for a resource. */
const TAGS_MAX = 50;

const onGroup = (action: string) => (input: Input, place: LogsPlace) => [permission(action, place, namedGroup(input))];

function find({ store, place, input }: LogsCall): LogGroup {
  const group = store.group(place, groupName(input));
  if (!group) throw notFound('group');
  return group;
}

export const createLogGroup: LogsAction = {
  permissions(input, place) {
    const needed = onGroup('CreateLogGroup')(input, place);
    // Tags at creation need a permission of their own, on the ARN without the stream.
    if (input.tags) needed.push(tagPermission('TagResource', place, String(input.logGroupName)));
    return needed;
  },
  run({ store, place, input, nowMs }) {
    const name = groupName(input);
    const logGroupClass = readClass(input) ?? 'STANDARD';
    const tags = checkTags(textMap(input, 'tags'));
    if (store.group(place, name)) throw exists('group');
    const kmsKeyId = readKey(input, place, name);
    store.addGroup(place, { name, createdMs: nowMs, logGroupClass, kmsKeyId, retentionDays: undefined, tags });
    return undefined;
  },
};

/** CreateLogGroup: at most 256 characters; the ARN of a symmetric key. */
const KEY_LENGTH_MAX = 256;

/** There is no KMS here: a key of the group's region counts as one whose policy lets CloudWatch Logs use it. */
function readKey(input: Input, place: LogsPlace, group: string): string | undefined {
  const key = optionalText(input, 'kmsKeyId');
  if (key === undefined) return undefined;
  if (key.length > KEY_LENGTH_MAX)
    throw constraint('kmsKeyId', key, `have length less than or equal to ${KEY_LENGTH_MAX}`);
  const region = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:key\/.+$/.exec(key)?.[1];
  if (region === undefined) throw invalid(`${key} is not the ARN of a KMS key`);
  if (region === place.region) return key;
  throw new AwsError(
    'AccessDeniedException',
    `The specified KMS key does not exist or is not allowed to be used with Arn '${groupArn(place, group)}'`,
  );
}

export const deleteLogGroup: LogsAction = {
  permissions: onGroup('DeleteLogGroup'),
  run(call) {
    call.store.removeGroup(find(call));
    return undefined;
  },
};

export const putRetentionPolicy: LogsAction = {
  permissions: onGroup('PutRetentionPolicy'),
  run(call) {
    const days = optionalNumber(call.input, 'retentionInDays');
    if (days === undefined) throw constraint('retentionInDays', undefined, 'not be null');
    if (!RETENTION_DAYS.has(days)) {
      throw constraint('retentionInDays', days, `satisfy enum value set: [${[...RETENTION_DAYS].join(', ')}]`);
    }
    find(call).retentionDays = days;
    return undefined;
  },
};

export const deleteRetentionPolicy: LogsAction = {
  permissions: onGroup('DeleteRetentionPolicy'),
  run(call) {
    find(call).retentionDays = undefined;
    return undefined;
  },
};

export const describeLogGroups: LogsAction = {
  // What AWS asks about, as its refusals show: neither a group nor a stream.
  permissions: (_input, place) => [permission('DescribeLogGroups', place, '')],
  run({ store, place, input }) {
    const prefix = optionalText(input, 'logGroupNamePrefix') ?? '';
    const pattern = optionalText(input, 'logGroupNamePattern');
    if (pattern !== undefined && prefix !== '') {
      throw invalid('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
    }
    const wanted = (pattern ?? '').toLowerCase();
    const ofClass = readClass(input);
    const groups = store
      .groups(place)
      .filter(({ name }) => name.startsWith(prefix) && name.toLowerCase().includes(wanted))
      .filter((group) => isOfClass(group, ofClass));
    const { items, nextToken } = page(
      groups,
      ({ name }) => name,
      pageSize(input, 50),
      optionalText(input, 'nextToken'),
    );
    return { logGroups: items.map(describe), ...(nextToken === undefined ? {} : { nextToken }) };
  },
};

function describe(group: LogGroup) {
  const { name, createdMs, logGroupClass, kmsKeyId, retentionDays, streams } = group;
  let storedBytes = 0;
  for (const { batches } of streams.values()) for (const { body } of batches) storedBytes += body.length;
  return {
    logGroupName: name,
    creationTime: createdMs,
    ...(retentionDays === undefined ? {} : { retentionInDays: retentionDays }),
    metricFilterCount: 0,
    arn: `${groupArn(group, name)}:*`,
    logGroupArn: groupArn(group, name),
    logGroupClass,
    ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
    storedBytes,
  };
}

/** Tagging takes the group's ARN without `:*`, and policies are asked about that very ARN. */
function tagPermission(action: string, place: LogsPlace, group: string) {
  return { action: `logs:${action}`, resource: groupArn(place, group), account: place.account };
}

function taggedName(input: Input): string {
  const arn = optionalText(input, 'resourceArn') ?? '';
  const name = /^arn:[\w-]+:logs:[\w-]+:\d{12}:log-group:([^:*]+)$/.exec(arn)?.[1];
  if (name === undefined) throw invalid(`1 validation error detected: ${arn} is no ARN of a log group`);
  return name;
}

function tagged({ store, place, input }: LogsCall): LogGroup {
  const group = store.group(place, taggedName(input));
  if (!group) throw new AwsError('ResourceNotFoundException', 'The specified resource does not exist.');
  return group;
}

function checkTags(tags: Map<string, string>): Map<string, string> {
  if (tags.size > TAGS_MAX) throw constraint('tags', '[...]', `have length less than or equal to ${TAGS_MAX}`);
  for (const [key, value] of tags) {
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key)) throw constraint('tags', key, 'be a valid key of a tag');
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value))
      throw constraint('tags', value, 'be a valid value of a tag');
  }
  return tags;
}

const onTagged = (action: string) => (input: Input, place: LogsPlace) => [
  tagPermission(action, place, taggedName(input)),
];

export const tagResource: LogsAction = {
  permissions: onTagged('TagResource'),
  run(call) {
    const group = tagged(call);
    const tags = checkTags(new Map([...group.tags, ...textMap(call.input, 'tags')]));
    for (const [key, value] of tags) group.tags.set(key, value);
    return undefined;
  },
};

export const untagResource: LogsAction = {
  permissions: onTagged('UntagResource'),
  run(call) {
    const group = tagged(call);
    for (const key of textList(call.input, 'tagKeys') ?? []) group.tags.delete(key);
    return undefined;
  },
};

export const listTagsForResource: LogsAction = {
  permissions: onTagged('ListTagsForResource'),
  run: (call) => ({ tags: Object.fromEntries(tagged(call).tags) }),
};
