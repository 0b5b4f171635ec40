import type { HttpAnswer, HttpRequest } from './http/message.ts';
import type { Protocol } from './http/protocol.ts';
import type { Caller } from './identity/caller.ts';
import type { Policy } from './policy/document.ts';

/** One AWS service. What it stands on is given to its factory. */
export interface Service {
  /** As in credential scopes, and before the colon of IAM actions. */
  readonly name: ServiceName;
  readonly protocol: Protocol;
  /**
   * Reads what a request asks for, before it is known whether it may.
   * @throws AwsError for what no service would take
   */
  prepare(request: HttpRequest, place: Place): Operation;
}

export type ServiceName = 's3' | 'kms' | 'sqs' | 'sns' | 'sts' | 'iam' | 'logs' | 'dynamodb';

export interface Place {
  /** Of the key that signed, not yet verified. */
  readonly account: string;
  readonly region: string;
  /** Scheme, host and port under which the client reached us. */
  readonly baseUrl: string;
}

export interface Operation {
  /** The API's name of it, such as `PutLogEvents`. */
  readonly action: string;
  /** ARN of what it is about, or the nearest thing to one: what a fault rule looks at. */
  readonly resource: string;
  /** All of these must be granted. Empty: everybody may, or the operation decides by itself. */
  readonly permissions: readonly Permission[];
  run(context: CallContext): HttpAnswer | Promise<HttpAnswer>;
}

export interface Permission {
  /** `logs:PutLogEvents` */
  readonly action: string;
  readonly resource: string;
  readonly account: string;
  readonly policy?: Policy | undefined;
  /** A policy that says nothing refuses, as that of a key does. Default: policies of identities decide then. */
  readonly policyMustAllow?: boolean;
  readonly keys?: ReadonlyMap<string, readonly string[]>;
}

export interface CallContext {
  readonly caller: Caller;
  readonly requestId: string;
  /** The cloud's clock when the call was let in. */
  readonly nowMs: number;
  readonly signal: AbortSignal;
  /** Whether a further permission is granted, for answers that depend on it. */
  may(permission: Permission): boolean;
}
