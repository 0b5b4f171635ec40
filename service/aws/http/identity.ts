import { once } from '../../base/once.ts';
import type { SigningKeys } from './sigv4.ts';

/** Asked for each request. @throws what its source says */
export type Identity = () => Promise<SigningKeys>;

/**
 * The identity of this process, from wherever the SDK would take it. The SDK's chain is loaded when it is first asked; it keeps keys, renews
 * them in the background before they end, and fetches them once for all who ask.
 */
export function createOwnIdentity(region: string): Identity {
  const chain = once(() => import('../sdk/credentials.ts').then((sdk) => sdk.createCredentialChain(region)));
  return async () => (await chain())();
}
