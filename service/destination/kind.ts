import type { Call, DynamoApi } from '../aws/api.ts';
import type { CallSettings } from '../aws/calls.ts';
import type { SessionCredentials } from '../aws/roles.ts';
import { DistributorError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Settings } from '../base/settings.ts';
import type { Delivery } from '../core/delivery.ts';
import type { ItemReader } from '../core/item.ts';
import type { Target } from '../core/target.ts';
import type { AttemptDeps } from '../delivery/attempts.ts';
import type { OpenDestination, Say } from '../delivery/destination.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { notTested, type Step } from './step.ts';

/** What a sender may be made with. */
export interface SenderDeps {
  readonly settings: Settings;
  /** For calls into tenants' accounts. */
  readonly calling: AttemptDeps;
  /** undefined: there is none in this thread, and bodies are sent as they are. */
  readonly kernel: Kernel | undefined;
  readonly dynamo: Call<DynamoApi>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

/** What a check of a tenant's role may use. */
export interface CheckDeps {
  readonly place: CallSettings;
  /** Of the tenant's role. */
  readonly session: Omit<SessionCredentials, 'expiration'>;
  /** Stands for `{application}` in names. */
  readonly application: string;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
}

/** A delivery to a certain kind of destination. */
export type DeliveryTo<T extends Target> = Delivery & { readonly target: T };

/** What makes a kind of destination. It sees only deliveries of its own kind. */
export interface KindParts<T extends Target> {
  readonly kind: T['kind'];
  /** Names of the attributes that it adds to those of all deliveries. */
  readonly attributes: readonly string[];
  /** `message` first where both are possible: the first is the default. */
  readonly messageFormats: readonly ('message' | 'record')[];
  /** @returns undefined when an attribute is wrong; the reader has the problems */
  readonly read: (item: ItemReader, tenantId: string) => T | undefined;
  readonly createSender: (deps: SenderDeps) => OpenDestination<T>;
  /** What tells the tenant something, beside any object; absent where nobody would read it. */
  readonly createTeller?: (deps: SenderDeps) => (delivery: DeliveryTo<T>) => Say | undefined;
  /** Names of what `check` looks at. */
  readonly steps: readonly string[];
  /** `tenants verify`: everything that a first delivery needs of the role, with one event or object that says what it is. */
  readonly check: (deps: CheckDeps, delivery: DeliveryTo<T>) => Promise<Step[]>;
  /** The customer's template, a file of `infra/customer/`. */
  readonly template: string;
  /** What the template must be given besides what it needs for every kind. */
  readonly templateParameters: (delivery: DeliveryTo<T>) => Readonly<Record<string, string>>;
}

/** A kind of destination, for those who have deliveries of any kind. */
export interface DestinationKind<T extends Target = Target>
  extends Pick<KindParts<T>, 'attributes' | 'messageFormats' | 'steps' | 'template'> {
  readonly kind: string;
  read(item: ItemReader, tenantId: string): T | undefined;
  is(target: Target): target is T;
  createSender(deps: SenderDeps): OpenDestination;
  createTeller(deps: SenderDeps): (delivery: Delivery) => Say | undefined;
  check(deps: CheckDeps, delivery: Delivery): Promise<Step[]>;
  templateParameters(delivery: Delivery): Readonly<Record<string, string>>;
}

export function defineKind<T extends Target>(parts: KindParts<T>): DestinationKind<T> {
  const is = (target: Target): target is T => target.kind === parts.kind;
  const own = (target: Target): T => {
    if (is(target)) return target;
    throw new DistributorError('invariant-broken', `a delivery to ${target.kind} was given to ${parts.kind}`);
  };
  const ownDelivery = (delivery: Delivery) => ({ ...delivery, target: own(delivery.target) });
  return {
    ...parts,
    is,
    createSender(deps) {
      const open = parts.createSender(deps);
      return (options) => open({ ...options, target: own(options.target) });
    },
    createTeller(deps) {
      const tellerOf = parts.createTeller?.(deps);
      return (delivery) => tellerOf?.(ownDelivery(delivery));
    },
    check: (deps, delivery) => parts.check(deps, ownDelivery(delivery)),
    templateParameters: (delivery) => parts.templateParameters(ownDelivery(delivery)),
  };
}

/** The steps of a check that cannot be made. */
export function untested({ steps }: Pick<DestinationKind, 'steps'>, why: string): Step[] {
  return steps.map((step) => notTested(step, why));
}
