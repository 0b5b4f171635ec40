import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createLocalSigner, digestOf, keyIdOf, pemOf, type ReceiptSigner } from '../core/receipt-key.ts';
import type { Call, KmsApi } from './api.ts';
import { createKmsCalls } from './calls.ts';
import type { ClientPlace } from './place.ts';
import { explainFailure } from './words.ts';

/** The key that RECEIPT_KEY names: one of KMS, in its own region, or of a file. @throws Error that says what is wrong */
export async function openSigner(settings: ClientPlace, receiptKey: string): Promise<ReceiptSigner> {
  if (receiptKey.startsWith('arn:')) {
    const region = receiptKey.split(':')[3] ?? settings.region;
    return openKmsSigner(createKmsCalls({ ...settings, region }), receiptKey);
  }
  try {
    return createLocalSigner(await readFile(receiptKey, 'utf8'));
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`RECEIPT_KEY: ${receiptKey} holds no key that signs receipts: ${said}`, { cause });
  }
}

/**
 * A signer whose private key never leaves KMS. It asks KMS for the public key, as that names the key in receipts.
 * @param keyArn of an asymmetric key for SIGN_VERIFY: ECC_NIST_EDWARDS25519, or ECC_NIST_P256
 * @throws Error that says what KMS refuses, and what helps
 */
export async function openKmsSigner(kms: Call<KmsApi>, keyArn: string): Promise<ReceiptSigner> {
  const guarded = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      const said = explainFailure(`${what} with the key of RECEIPT_KEY failed`, error, { kind: 'sign-receipts' });
      throw new Error(said, { cause: error });
    }
  };
  const publicKey = await guarded('kms:GetPublicKey', async () => {
    const { PublicKey } = await kms('GetPublicKey', { KeyId: keyArn });
    return createPublicKey({ key: Buffer.from(PublicKey ?? '', 'base64'), type: 'spki', format: 'der' });
  });
  const SigningAlgorithm = algorithmOf(publicKey);
  return {
    keyId: keyIdOf(publicKey),
    publicKey: pemOf(publicKey),
    sign: (statement) =>
      guarded('kms:Sign', async () => {
        const Message = Buffer.from(statement).toString('base64');
        const { Signature } = await kms('Sign', { KeyId: keyArn, Message, MessageType: 'RAW', SigningAlgorithm });
        return Buffer.from(Signature ?? '', 'base64');
      }),
  };
}

/** KMS API reference, Sign: Ed25519 takes only whole messages; of ECDSA, KMS makes the hash. */
function algorithmOf(key: KeyObject): string {
  const digest = digestOf(key);
  if (!digest) throw new Error('RECEIPT_KEY: must name a key of ECC_NIST_EDWARDS25519 or ECC_NIST_P256');
  return digest.digest === null ? 'ED25519_SHA_512' : 'ECDSA_SHA_256';
}
