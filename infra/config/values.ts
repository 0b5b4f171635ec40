import { isIPv4 } from 'node:net';
import { z } from 'zod';

/** Kinds of values in the configuration, each with one sentence for everything that it refuses. */

/** Members of a group may be left out, and no others may be there. */
export function group<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, 'must be a group of settings').readonly();
}

export function text(pattern: RegExp, rule: string) {
  return z.string(rule).regex(pattern, rule);
}

export const flag = z.boolean('must be true or false');

export function wholeNumber(least: number, most: number) {
  const rule = `must be a whole number from ${least} to ${most}`;
  return z.number(rule).refine((value) => Number.isInteger(value) && value >= least && value <= most, rule);
}

/** Where another schema has the bounds. */
export const anyWholeNumber = z.number('must be a whole number').refine(Number.isInteger, 'must be a whole number');

export function oneOf(values: readonly number[]) {
  const rule = `must be one of ${values.join(', ')}`;
  return z.number(rule).refine((value) => values.includes(value), rule);
}

/** A list without repetitions. Each entry that is wrong is reported by itself. */
export function list<Entry extends z.ZodType>(entry: Entry, { least = 0, most = 100 } = {}) {
  const rule =
    least > 0 ? `must be a list of at least ${least} and at most ${most}` : `must be a list of at most ${most}`;
  return z
    .array(entry, rule)
    .refine((values) => values.length >= least && values.length <= most, rule)
    .refine((values) => new Set(values).size === values.length, 'must not name anything twice')
    .readonly();
}

/** YAML reads digits as a number, and drops the zeros in front. */
export const accountId = text(/^\d{12}$/, 'must be the 12 digits of an account in quotes');

/** Of a role or a user, or of a whole account; nobody is let in by a pattern. */
export const arnOfPrincipal = text(
  /^arn:aws(-[a-z-]+)?:iam::\d{12}:(root|(role|user)\/[\w+=,.@/-]+)$/,
  'must be the ARN of one IAM role, user or account, without *',
);

export const email = text(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'must be a mail address');

export function httpsUrl(rule: string) {
  return z.string(rule).refine((value) => /^https:\/\/[^\s/?#*]+[^\s?#*]*$/.test(value) && URL.canParse(value), rule);
}

/** Without a tag or digest, another image could run tomorrow without a deployment. */
export const image = text(
  /^[\w.-]+(:\d+)?(\/[\w.-]+)+(:\w[\w.-]{0,127}(@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})$/,
  'must be the full name of an image with its tag or digest',
);

/** RFC 1123 label: what Kubernetes takes for namespaces and service accounts. */
export const kubernetesName = text(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a name of Kubernetes');

/** An IPv4 block whose address has no bits beyond its prefix: EC2 would take others for a smaller or another one. */
export function cidrBlock(rule: string, { prefixMin, prefixMax }: { prefixMin: number; prefixMax: number }) {
  return z.string(rule).refine((value) => {
    const [address = '', prefix = '', ...rest] = value.split('/');
    if (rest.length > 0 || !isIPv4(address) || !/^\d{1,2}$/.test(prefix)) return false;
    const length = Number(prefix);
    return length >= prefixMin && length <= prefixMax && hostBits(address, length) === 0;
  }, rule);
}

function hostBits(address: string, prefix: number): number {
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return number % 2 ** (32 - prefix);
}
