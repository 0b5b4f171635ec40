import { withoutRequestIds } from '../../base/aws-answer.ts';
import { formatTime } from '../terminal.ts';

/** A message of the dead-letter queue. */
export interface DeadLetter {
  readonly id: string;
  readonly receipt: string;
  readonly body: string;
  /** An error code of the service, or `BY_THE_QUEUE`. */
  readonly reason: string;
  /** '' where none is known; tenants of several objects stand side by side. */
  readonly tenant: string;
  /** `s3://bucket/key#version`, several of them side by side; '' where none is known. */
  readonly object: string;
  readonly detail: string;
  /** When it came to this queue, epoch milliseconds. */
  readonly sentMs: number;
}

/** A message without a reason was moved by the queue's own redrive policy: it ended processes before they could say why. */
export const BY_THE_QUEUE = 'received-too-often';

/** Which dead letters are meant; what is absent means all. */
export interface Selection {
  readonly reason?: string;
  readonly tenant?: string;
  /** A part of the object's name. */
  readonly object?: string;
  readonly id?: string;
  /** Those that came before, epoch milliseconds. */
  readonly before?: number;
}

export function isSelected(letter: DeadLetter, { reason, tenant, object, id, before }: Selection): boolean {
  return (
    (reason === undefined || letter.reason === reason) &&
    (tenant === undefined || letter.tenant.split(' ').includes(tenant)) &&
    (object === undefined || letter.object.includes(object)) &&
    (id === undefined || letter.id === id) &&
    (before === undefined || letter.sentMs < before)
  );
}

export interface Group {
  readonly reason: string;
  readonly tenant: string;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  /** What the names of all its objects begin with. */
  readonly objects: string;
  /** What the newest of its details says; without the name of its object where all say the same. */
  readonly detail: string;
  readonly same_detail: boolean;
}

/** What the letters have in common, by reason and tenant; the largest groups first. */
export function groupLetters(letters: readonly DeadLetter[]): Group[] {
  const groups = Map.groupBy(letters, ({ reason, tenant }) => `${reason}\n${tenant}`);
  return [...groups.values()].map(toGroup).sort((a, b) => b.count - a.count || a.reason.localeCompare(b.reason));
}

function toGroup(letters: DeadLetter[]): Group {
  const byTime = letters.toSorted((a, b) => a.sentMs - b.sentMs);
  const [oldest, newest] = [byTime[0], byTime.at(-1)];
  const details = new Set(letters.map((letter) => withoutRequestIds(withoutObjects(letter))));
  return {
    reason: newest?.reason ?? '',
    tenant: newest?.tenant ?? '',
    count: letters.length,
    first: formatTime(oldest?.sentMs ?? 0),
    last: formatTime(newest?.sentMs ?? 0),
    objects: commonBeginning(letters.map(({ object }) => object)),
    detail: newest === undefined ? '' : details.size === 1 ? withoutObjects(newest) : newest.detail,
    same_detail: details.size === 1,
  };
}

/** The detail with `the object` in place of its name, as we write it and as a denial of S3's does. */
function withoutObjects({ detail, object }: DeadLetter): string {
  return object
    .split(' ')
    .filter((name) => name !== '')
    .flatMap((name) => {
      const url = name.replace(/#[^#]*$/, '');
      return [name, url, url.replace('s3://', 'arn:aws:s3:::')];
    })
    .reduce((text, name) => text.replaceAll(name, 'the object'), detail);
}

export function commonBeginning(texts: readonly string[]): string {
  const [first = '', ...others] = texts;
  let length = first.length;
  for (const text of others) {
    length = Math.min(length, text.length);
    while (first.slice(0, length) !== text.slice(0, length)) length--;
  }
  return first.slice(0, length);
}
