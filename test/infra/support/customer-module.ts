import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The customer's Terraform module in a folder of its own, so that Terraform leaves nothing in the repository. */
export async function moduleCopy(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'log-distributor-customer-'));
  await cp(fileURLToPath(new URL('../../../infra/customer/terraform', import.meta.url)), folder, { recursive: true });
  return folder;
}
