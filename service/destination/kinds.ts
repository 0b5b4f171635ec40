import { present } from '../base/present.ts';
import type { Delivery } from '../core/delivery.ts';
import type { OpenDestination, Say } from '../delivery/destination.ts';
import { CLOUDWATCH } from './cloudwatch/kind.ts';
import type { DestinationKind, SenderDeps } from './kind.ts';
import { S3 } from './s3/kind.ts';

/** Every kind of destination. An item of the tenant table names one in its type. */
export const KINDS: readonly DestinationKind[] = [CLOUDWATCH, S3];

/** By its rules an item is judged whose type is wrong. */
export const DEFAULT_KIND: DestinationKind = CLOUDWATCH;

/** The kind of `s3`, and of `s3#archive`; undefined for anything else. */
export function kindOfType(type: unknown): DestinationKind | undefined {
  const name = typeof type === 'string' ? type.split('#', 1)[0] : undefined;
  return KINDS.find(({ kind }) => kind === name);
}

/** The kind of a delivery's destination. */
export function kindOf({ target }: Pick<Delivery, 'target'>): DestinationKind {
  return present(
    KINDS.find((kind) => kind.is(target)),
    'the kind of a destination',
  );
}

/** What tells tenants something, by the kind of the delivery; undefined where nobody would read it. */
export function createTellers(deps: SenderDeps): (delivery: Delivery) => Say | undefined {
  const tellers = new Map(KINDS.map((kind) => [kind.kind, kind.createTeller(deps)]));
  return (delivery) => tellers.get(delivery.target.kind)?.(delivery);
}

/** Opens the destination of any delivery, by its kind. */
export function createDestinations(deps: SenderDeps): OpenDestination {
  const openers = new Map(KINDS.map((kind) => [kind.kind, kind.createSender(deps)]));
  return (options) => {
    const open = present(openers.get(options.target.kind), 'the sender of a kind of destination');
    return open(options);
  };
}
