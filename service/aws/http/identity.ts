import { once } from '../../base/once.ts';
import type { OwnKeys, SigningKeys } from './sigv4.ts';

export type Identity = () => Promise<SigningKeys>;

/** New keys are fetched so long before the old ones end: as the SDK does it. */
const RENEW_BEFORE_MS = 5 * 60_000;

/**
 * The identity of this process, from wherever the SDK would take it: environment, profile, web identity, container, instance. Keys are
 * kept until shortly before their end; one fetch at a time. While old ones are good, nobody waits for new ones.
 */
export function createIdentity(fetch: () => Promise<OwnKeys>, nowMs: () => number): Identity {
  let keys: OwnKeys | undefined;
  let pending: Promise<OwnKeys> | undefined;
  const leftMs = () =>
    keys?.expiration === undefined ? Number.POSITIVE_INFINITY : keys.expiration.getTime() - nowMs();
  const renew = () => {
    pending ??= fetch()
      .then((fetched) => {
        keys = fetched;
        return fetched;
      })
      .finally(() => {
        pending = undefined;
      });
    return pending;
  };
  return async () => {
    if (keys === undefined || leftMs() <= 0) return renew();
    // Whoever comes when they have ended hears why there are no others.
    if (leftMs() < RENEW_BEFORE_MS) renew().catch(() => {});
    return keys;
  };
}

/** The SDK's own chain of sources, loaded when it is asked for the first time. */
export function createOwnIdentity(region: string): Identity {
  const chain = once(() => import('../sdk/credentials.ts').then((sdk) => sdk.createCredentialChain(region)));
  return createIdentity(
    async () => (await chain())(),
    () => Date.now(),
  );
}
