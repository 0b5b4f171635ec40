import { defaultProvider } from '@aws-sdk/credential-provider-node';
import type { SigningKeys } from '../http/sigv4.ts';

/** The SDK's chain: environment, profile, web identity, container, instance. @param region of STS, where a source asks it */
export function createCredentialChain(region: string): () => Promise<SigningKeys> {
  return defaultProvider({ clientConfig: { region } });
}
