import { z } from 'zod';

/** What a fault rule may be, in the process and over HTTP alike. */

const count = z.int().positive();
const EFFECT = z.discriminatedUnion('kind', [
  /** The call is begun later, by `ms` and up to `jitterMs` more. */
  z.strictObject({ kind: z.literal('latency'), ms: z.number().min(0), jitterMs: z.number().min(0).default(0) }),
  /**
   * Refused under the service's own name for it; not executed. With `abovePerSecond`, only calls beyond so many a second, all that
   * the rule matches together: a token bucket of one second.
   */
  z.strictObject({ kind: z.literal('throttle'), abovePerSecond: z.number().positive().optional() }),
  /** Refused with this error; not executed. S3 also refuses by redirections. */
  z.strictObject({
    kind: z.literal('error'),
    code: z.string().min(1),
    status: z.int().min(300).max(599).default(500),
    message: z.string().default('A fault rule says so.'),
  }),
  /** Executed, and then answered with this error. */
  z.strictObject({
    kind: z.literal('lose-answer'),
    code: z.string().min(1).default('InternalFailure'),
    status: z.int().min(400).max(599).default(500),
  }),
  /** The connection is reset before or after the call was executed. */
  z.strictObject({ kind: z.literal('reset'), when: z.enum(['before', 'after']).default('before') }),
  /** Taken and never answered, executed or not; the connection stays open until the cloud closes. */
  z.strictObject({ kind: z.literal('half-open'), when: z.enum(['before', 'after']).default('before') }),
  /** The answer's body comes at this rate. */
  z.strictObject({ kind: z.literal('slow-body'), bytesPerSecond: count }),
  /** The connection is reset after this much of the answer's body, which announced more. */
  z.strictObject({ kind: z.literal('truncate-body'), bytes: z.int().min(0) }),
  /** The call's credentials count as expired. */
  z.strictObject({ kind: z.literal('expired-token') }),
  /** For this call, the service's clock is off: its `Date`, and what it thinks of the signature's time. */
  z.strictObject({ kind: z.literal('clock'), offsetMs: z.int() }),
]);

export const FAULT_RULE = z.strictObject({
  /** Matches calls of this service (`logs`, `s3`, ...); absent: of all. The same for the other four. */
  service: z.string().optional(),
  /** The API's name, such as `PutLogEvents`. */
  action: z.string().optional(),
  /** Of the caller: for PutLogEvents with a session of the tenant's role, the tenant's. */
  account: z.string().optional(),
  /** A part of the ARN that the call is about. */
  resource: z.string().optional(),
  /** Of the request's body, such as `gzip`; `identity` where the request names none. */
  contentEncoding: z.string().optional(),
  /** Strikes in this share of matching calls. Default: all. */
  probability: z.number().min(0).max(1).default(1),
  /** Strikes only the n-th matching call, from 1, or these. */
  nth: z.union([count, z.array(count)]).optional(),
  /** Strikes at most so often. */
  count: count.optional(),
  /** Strikes only until so long after it was added. */
  forMs: z.number().positive().optional(),
  effect: EFFECT,
});

/** As it is given; defaults may be left out. */
export type FaultRule = z.input<typeof FAULT_RULE>;
export type Effect = z.output<typeof EFFECT>;
