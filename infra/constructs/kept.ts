import type { TerraformResourceLifecycle } from 'cdktn';
import type { Config } from '../config/config.ts';

/** For what keeps data: in production Terraform refuses every plan that would delete or replace it. */
export function kept({ production }: Config): { readonly lifecycle?: TerraformResourceLifecycle } {
  return production ? { lifecycle: { preventDestroy: true } } : {};
}
