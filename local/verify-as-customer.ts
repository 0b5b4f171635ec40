import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TenantSpec } from './provision/tenant.ts';
import { serviceMain } from './service-process.ts';

/** What a customer's own verification found; see `receipts verify --json`. */
export interface VerifiedReceipts {
  readonly verified: boolean;
  readonly receipts: number;
  readonly events: number;
  readonly problems: readonly { readonly problem: string }[];
  readonly differences: readonly {
    readonly stream: string;
    readonly hour: string;
    readonly kind: string;
    readonly events: number;
    readonly detail: string;
  }[];
}

export interface VerifyOptions {
  readonly endpointUrl: string;
  /** Of deliveries that name none. */
  readonly region: string;
  /** PEM file. */
  readonly publicKeyFile: string;
  /** Epoch milliseconds, of the events' timestamps. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** A process that may print reports of many differences. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Verifies the receipts of a tenant as the customer does: by a process that has the credentials of the customer's account, the public key and
 * nothing of the service.
 * @throws Error with what it said when it could not verify at all
 */
export async function verifyAsCustomer(tenant: TenantSpec, options: VerifyOptions): Promise<VerifiedReceipts[]> {
  const results: VerifiedReceipts[] = [];
  for (const { type, receipts: place, target_region: region = options.region } of tenant.deliveries) {
    if (typeof place !== 'string') continue;
    results.push(await verify(tenant, type, place, { ...options, region: String(region) }));
  }
  return results;
}

async function verify(
  { tenantId, accountId }: TenantSpec,
  delivery: string,
  place: string,
  { endpointUrl, region, publicKeyFile, fromMs, toMs }: VerifyOptions,
): Promise<VerifiedReceipts> {
  const args = [
    ...['receipts', 'verify', '--receipts', place, '--tenant', tenantId, '--delivery', delivery],
    ...['--from', new Date(fromMs).toISOString(), '--to', new Date(toMs).toISOString()],
    ...['--public-key', publicKeyFile, '--rate', '100', '--json'],
  ];
  const env = {
    PATH: process.env.PATH,
    AWS_ENDPOINT_URL: endpointUrl,
    AWS_REGION: region,
    // The embedded AWS: the account's own key.
    AWS_ACCESS_KEY_ID: accountId,
    AWS_SECRET_ACCESS_KEY: 'the-customers-own',
    S3_FORCE_PATH_STYLE: 'true',
  };
  const run = promisify(execFile)(process.execPath, [serviceMain(), ...args], { env, maxBuffer: OUTPUT_BYTES_MAX });
  // What differs is a result too, with status 1.
  const { stdout, stderr } = await run.catch((error: { stdout?: string; stderr?: string }) => error);
  try {
    return JSON.parse(stdout ?? '') as VerifiedReceipts;
  } catch (cause) {
    throw new Error(`the receipts of ${tenantId} could not be verified: ${stderr}`, { cause });
  }
}
