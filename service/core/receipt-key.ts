import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { type ReceiptDocument, receiptStatement } from './receipt.ts';

/** The keys that sign receipts: Ed25519, or ECDSA on P-256 with SHA-256. */

/** By their ids. A file may hold several: after a rotation, the receipts of the key before stay good. */
export type PublicKeys = ReadonlyMap<string, KeyObject>;

/** Of SHA-256 of the key itself (DER, SubjectPublicKeyInfo): so many hexadecimal digits are its id. */
const ID_DIGITS = 32;
const PEM = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g;

/** Names a key by what it is, so that no file can give it another's name. */
export function keyIdOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, ID_DIGITS);
}

/** Reads a PEM file of one or more public keys. @throws Error that says what is wrong with the file */
export function readPublicKeys(pem: string): PublicKeys {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) throw new Error('it holds a private key');
  const keys = [...pem.matchAll(PEM)].map(([block]) => {
    const key = createPublicKey(block);
    if (!digestOf(key)) throw new Error('it holds a key that is neither Ed25519 nor ECDSA on P-256');
    return key;
  });
  if (keys.length === 0) throw new Error('it holds no public key in PEM');
  return new Map(keys.map((key) => [keyIdOf(key), key]));
}

/** The hash that a signature of this key begins with; null: Ed25519 has its own. undefined: no key for receipts. */
export function digestOf(key: KeyObject): { readonly digest: 'sha256' | null } | undefined {
  if (key.asymmetricKeyType === 'ed25519') return { digest: null };
  const isP256 = key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  return isP256 ? { digest: 'sha256' } : undefined;
}

/** @returns what is wrong with the signature of a receipt; undefined when it is good */
export function signatureProblem({ receipt, line, signature }: ReceiptDocument, keys: PublicKeys): string | undefined {
  const key = keys.get(receipt.key);
  if (!key) return `no public key of the file has the id ${receipt.key}, which signed it`;
  const digest = digestOf(key)?.digest ?? null;
  const good = verify(digest, Buffer.from(receiptStatement(line)), key, signature);
  return good ? undefined : 'its signature does not fit: it was altered, or another key has signed it';
}

/** Signs receipts. Only the distributor has one. */
export interface ReceiptSigner {
  readonly keyId: string;
  /** PEM, for those who verify. */
  readonly publicKey: string;
  /** @throws what the holder of the key says */
  sign(statement: string): Promise<Uint8Array>;
}

/** A signer whose private key is at hand: for a try. @param pem PKCS #8. @throws Error that says what is wrong with the key */
export function createLocalSigner(pem: string): ReceiptSigner {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const digest = digestOf(publicKey);
  if (!digest) throw new Error('it is neither an Ed25519 key nor one for ECDSA on P-256');
  return {
    keyId: keyIdOf(publicKey),
    publicKey: pemOf(publicKey),
    sign: async (statement) => sign(digest.digest, Buffer.from(statement), privateKey),
  };
}

export function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}
