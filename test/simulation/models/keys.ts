import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { KmsApi } from '../../../service/aws/api.ts';
import { type Answers, awsError } from './answers.ts';

/** KMS: one key that signs, of Ed25519. It is the same in every world, and its signatures depend on nothing else: nothing is drawn. */
export type Keys = Answers<KmsApi>;

/** An Ed25519 key as PKCS #8, without its 32 bytes. */
const PKCS8 = '302e020100300506032b657004220420';
const ALGORITHM = 'ED25519_SHA_512';
const MESSAGE_BYTES_MAX = 4_096;

export function createKeys(keyArn: string): Keys {
  const key = createPrivateKey({ key: Buffer.from(PKCS8 + '5a'.repeat(32), 'hex'), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
  const known = (keyId: string) => {
    if (keyId !== keyArn) throw awsError('NotFoundException', 400, `Key '${keyId}' does not exist`);
  };
  return {
    GetPublicKey({ KeyId }) {
      known(KeyId);
      return { PublicKey: publicKey, SigningAlgorithms: [ALGORITHM, 'ED25519_PH_SHA_512'] };
    },
    Sign({ KeyId, Message, SigningAlgorithm }) {
      known(KeyId);
      if (SigningAlgorithm !== ALGORITHM)
        throw awsError('InvalidKeyUsageException', 400, `${SigningAlgorithm} is not of this key`);
      const message = Buffer.from(Message, 'base64');
      if (message.length < 1 || message.length > MESSAGE_BYTES_MAX)
        throw awsError('ValidationException', 400, 'Message must have a length of 1 to 4096 bytes.');
      return { Signature: sign(null, message, key).toString('base64') };
    },
  };
}
