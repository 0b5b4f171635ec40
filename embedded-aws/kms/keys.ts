import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { AwsError } from '../http/aws-error.ts';

/** What KMS can make a key of, for signing. */
export interface KeySpec {
  readonly name: string;
  /** In the order in which GetPublicKey lists them. */
  readonly algorithms: readonly SigningAlgorithm[];
  readonly generate: () => { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
}

export interface SigningAlgorithm {
  readonly name: string;
  /** Which messages it signs: whole ones, or hashes that the caller made. */
  readonly messageTypes: readonly ('RAW' | 'DIGEST')[];
  /** undefined: the algorithm is listed, and not emulated. */
  readonly sign?: (message: Buffer, key: KeyObject) => Buffer;
}

/** KMS developer guide, "Key spec reference". */
export const KEY_SPECS: readonly KeySpec[] = [
  {
    name: 'ECC_NIST_EDWARDS25519',
    algorithms: [
      { name: 'ED25519_SHA_512', messageTypes: ['RAW'], sign: (message, key) => sign(null, message, key) },
      { name: 'ED25519_PH_SHA_512', messageTypes: ['DIGEST'] },
    ],
    generate: () => generateKeyPairSync('ed25519'),
  },
  {
    name: 'ECC_NIST_P256',
    algorithms: [
      // Of a hash that the caller made nothing here makes a signature: Node would hash it again.
      { name: 'ECDSA_SHA_256', messageTypes: ['RAW'], sign: (message, key) => sign('sha256', message, key) },
    ],
    generate: () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  },
];

/** KMS API reference, Sign: "messages of up to 4096 bytes". */
const MESSAGE_BYTES_MAX = 4_096;

/** @throws AwsError as KMS refuses */
export function signMessage(
  { name, algorithms }: KeySpec,
  privateKey: KeyObject,
  input: { readonly algorithm: unknown; readonly messageType: unknown; readonly message: Buffer },
): Buffer {
  const { algorithm: wanted, messageType, message } = input;
  const algorithm = algorithms.find((one) => one.name === wanted);
  if (!algorithm)
    throw new AwsError('InvalidKeyUsageException', `Algorithm ${wanted} is incompatible with key spec ${name}.`);
  if (message.length < 1 || message.length > MESSAGE_BYTES_MAX)
    throw new AwsError('ValidationException', `Message must have a length of 1 to ${MESSAGE_BYTES_MAX} bytes.`);
  if (!algorithm.messageTypes.some((type) => type === (messageType ?? 'RAW')))
    throw new AwsError(
      'ValidationException',
      `Message type ${messageType} is incompatible with algorithm ${algorithm.name}.`,
    );
  if (!algorithm.sign) throw new AwsError('UnsupportedOperationException', `${algorithm.name} is not emulated.`);
  return algorithm.sign(message, privateKey);
}
