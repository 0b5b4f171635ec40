import { AwsError } from '../http/aws-error.ts';
import { child, childrenOf, childText, element, type XmlElement } from '../http/xml.ts';

/** What a bucket tells whom about (S3 user guide, "Amazon S3 Event Notifications"). */
export type Notifications = readonly NotificationRule[];

export interface NotificationRule {
  readonly id: string;
  readonly target: 'Topic' | 'Queue';
  /** ARN. */
  readonly destination: string;
  /** Such as `s3:ObjectCreated:*`. */
  readonly events: readonly string[];
  /** Of the key, not URL-encoded. */
  readonly prefix: string;
  readonly suffix: string;
}

const EVENTS = new Set(
  [
    ['ObjectCreated', 'Put', 'Post', 'Copy', 'CompleteMultipartUpload'],
    ['ObjectRemoved', 'Delete', 'DeleteMarkerCreated'],
  ].flatMap(([group, ...names]) => ['*', ...names].map((name) => `s3:${group}:${name}`)),
);
const RULES_MAX = 100;

/** @throws AwsError for what S3 refuses, and for targets that are not emulated */
export function parseConfiguration(root: XmlElement, newId: () => string): Notifications {
  for (const { name } of root.children) {
    if (name !== 'TopicConfiguration' && name !== 'QueueConfiguration') {
      throw new AwsError('NotImplemented', `${name} is not implemented by this emulation`, 501);
    }
  }
  const rules = [
    ...childrenOf(root, 'TopicConfiguration').map((item) => parseRule(item, 'Topic', newId)),
    ...childrenOf(root, 'QueueConfiguration').map((item) => parseRule(item, 'Queue', newId)),
  ];
  if (rules.length > RULES_MAX) throw invalid(`A bucket can have at most ${RULES_MAX} configurations`);
  for (const [i, rule] of rules.entries()) {
    if (rules.slice(0, i).some((other) => overlap(rule, other))) {
      throw invalid('Configurations overlap. Configurations on the same bucket cannot share a common event type.');
    }
  }
  return rules;
}

function parseRule(item: XmlElement, target: 'Topic' | 'Queue', newId: () => string): NotificationRule {
  const destination = childText(item, target) ?? '';
  const service = target === 'Topic' ? 'sns' : 'sqs';
  if (!new RegExp(`^arn:aws[\\w-]*:${service}:[\\w-]+:\\d{12}:[\\w.-]+$`).test(destination)) {
    throw invalid('The ARN could not be parsed');
  }
  const events = childrenOf(item, 'Event').map(({ text }) => text);
  if (events.length === 0) throw invalid('A configuration needs at least one event');
  for (const event of events) {
    if (!EVENTS.has(event)) throw invalid(`The event '${event}' is not supported for notifications`);
  }
  const filter = child(item, 'Filter');
  const key = filter && child(filter, 'S3Key');
  let prefix = '';
  let suffix = '';
  for (const rule of key ? childrenOf(key, 'FilterRule') : []) {
    const name = childText(rule, 'Name')?.toLowerCase();
    const value = childText(rule, 'Value') ?? '';
    if (name === 'prefix') prefix = value;
    else if (name === 'suffix') suffix = value;
    else throw invalid('filter rule name must be either prefix or suffix');
  }
  return { id: childText(item, 'Id') ?? newId(), target, destination, events, prefix, suffix };
}

/** Whether one object could be meant by both. */
function overlap(a: NotificationRule, b: NotificationRule): boolean {
  const events = a.events.some((event) => b.events.some((other) => covers(event, other) || covers(other, event)));
  const prefixes = a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix);
  const suffixes = a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix);
  return events && prefixes && suffixes;
}

/** @param event without wildcard, or another pattern */
export function covers(pattern: string, event: string): boolean {
  return pattern === event || (pattern.endsWith(':*') && event.startsWith(pattern.slice(0, -1)));
}

export function configurationXml(rules: Notifications): string {
  const inner = rules.map(({ id, target, destination, events, prefix, suffix }) => {
    const filters = [filterXml('Prefix', prefix), filterXml('Suffix', suffix)].join('');
    const fields = [
      element('Id', id),
      element(target, destination),
      ...events.map((event) => element('Event', event)),
      filters === '' ? '' : `<Filter><S3Key>${filters}</S3Key></Filter>`,
    ];
    return `<${target}Configuration>${fields.join('')}</${target}Configuration>`;
  });
  return `<NotificationConfiguration>${inner.join('')}</NotificationConfiguration>`;
}

function filterXml(name: string, value: string): string {
  return value === '' ? '' : `<FilterRule>${element('Name', name)}${element('Value', value)}</FilterRule>`;
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidArgument', message);
}
