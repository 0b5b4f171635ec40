import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A pair of keys that was made on the spot: RECEIPT_KEY of a service, and what its customers verify with. */
export interface ReceiptKeys extends AsyncDisposable {
  readonly privateKeyFile: string;
  readonly publicKeyFile: string;
}

/** Makes them in files, which are gone when this is disposed of. */
export async function makeReceiptKeys(): Promise<ReceiptKeys> {
  const folder = await mkdtemp(join(tmpdir(), 'log-distributor-keys-'));
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const privateKeyFile = join(folder, 'private.pem');
  const publicKeyFile = join(folder, 'public.pem');
  await writeFile(privateKeyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await writeFile(publicKeyFile, publicKey.export({ type: 'spki', format: 'pem' }));
  return {
    privateKeyFile,
    publicKeyFile,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
