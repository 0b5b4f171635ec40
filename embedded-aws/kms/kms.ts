import { type KeyObject, randomUUID } from 'node:crypto';
import { AwsError } from '../http/aws-error.ts';
import { type JsonObject, parseMembers } from '../http/json.ts';
import { header } from '../http/message.ts';
import { jsonAnswer } from '../http/protocol.ts';
import { type Policy, parsePolicy } from '../policy/document.ts';
import { PolicyError } from '../policy/policy-error.ts';
import type { Operation, Permission, Place, Service } from '../service.ts';
import { KEY_SPECS, type KeySpec, signMessage } from './keys.ts';

interface Key {
  readonly arn: string;
  readonly spec: KeySpec;
  readonly policy: Policy;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const TARGET = 'TrentService.';
const KEY_ARN = /^arn:aws:kms:[a-z0-9-]+:(\d{12}):key\/.+$/;

/** Key Management Service: asymmetric keys that sign. What a key's own policy does not allow, nobody may. */
export function createKms(): Service {
  const keys = new Map<string, Key>();

  const createKey = (input: JsonObject, { account, region }: Place) => {
    const spec = KEY_SPECS.find(({ name }) => name === input.KeySpec);
    if (!spec || input.KeyUsage !== 'SIGN_VERIFY')
      throw new AwsError(
        'UnsupportedOperationException',
        'Only keys that sign are emulated: ECC_NIST_EDWARDS25519 and ECC_NIST_P256.',
      );
    const arn = `arn:aws:kms:${region}:${account}:key/${randomUUID()}`;
    keys.set(arn, { arn, spec, policy: policyOf(input.Policy, account), ...spec.generate() });
    return {
      KeyMetadata: {
        KeyId: arn.split('/')[1],
        Arn: arn,
        AWSAccountId: account,
        KeySpec: spec.name,
        KeyUsage: 'SIGN_VERIFY',
      },
    };
  };

  const getPublicKey = ({ arn, spec, publicKey }: Key) => ({
    KeyId: arn,
    KeySpec: spec.name,
    KeyUsage: 'SIGN_VERIFY',
    SigningAlgorithms: spec.algorithms.map(({ name }) => name),
    PublicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  });

  const sign = ({ arn, spec, privateKey }: Key, input: JsonObject) => {
    const message = Buffer.from(String(input.Message ?? ''), 'base64');
    const signature = signMessage(spec, privateKey, {
      algorithm: input.SigningAlgorithm,
      messageType: input.MessageType,
      message,
    });
    return { KeyId: arn, SigningAlgorithm: input.SigningAlgorithm, Signature: signature.toString('base64') };
  };

  return {
    name: 'kms',
    protocol: 'json-1.1',
    prepare(request, place): Operation {
      const action = (header(request, 'x-amz-target') ?? '').slice(TARGET.length);
      const input = parseMembers(request.body);
      if (action === 'CreateKey') {
        const permissions = [{ action: 'kms:CreateKey', resource: '*', account: place.account }];
        return { action, resource: '*', permissions, run: () => jsonAnswer('json-1.1', createKey(input, place)) };
      }
      const answers = new Map<string, (key: Key, input: JsonObject) => object>([
        ['GetPublicKey', getPublicKey],
        ['Sign', sign],
      ]);
      const answer = answers.get(action);
      if (!answer) throw new AwsError('UnknownOperationException', '');
      const resource = arnOf(input.KeyId, place);
      const key = keys.get(resource);
      const [, owner = place.account] = KEY_ARN.exec(resource) ?? [];
      const permission: Permission = {
        action: `kms:${action}`,
        resource,
        account: owner,
        ...(key ? { policy: key.policy, policyMustAllow: true } : {}),
      };
      return {
        action,
        resource,
        permissions: [permission],
        run() {
          if (!key || resource.split(':')[3] !== place.region)
            throw new AwsError('NotFoundException', `Key '${resource}' does not exist`);
          return jsonAnswer('json-1.1', answer(key, input));
        },
      };
    },
  };
}

function arnOf(keyId: unknown, { account, region }: Place): string {
  const text = String(keyId ?? '');
  return text.startsWith('arn:') ? text : `arn:aws:kms:${region}:${account}:key/${text}`;
}

/** The default lets the account decide (KMS developer guide, "Default key policy"). @throws AwsError */
function policyOf(text: unknown, account: string): Policy {
  const byDefault = {
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' },
  };
  try {
    return parsePolicy(typeof text === 'string' ? text : JSON.stringify(byDefault), 'resource');
  } catch (error) {
    if (error instanceof PolicyError) throw new AwsError('MalformedPolicyDocumentException', error.message);
    throw error;
  }
}
