import { z } from 'zod';

const strategy = z.strictObject({ type: z.enum(['RunAsAny', 'MustRunAs', 'MustRunAsRange', 'MustRunAsNonRoot']) });

/**
 * The fields of a SecurityContextConstraints that are used here, and no others: no package ships OpenShift's schemas.
 * Source: OpenShift Container Platform 4.21, Security APIs, "SecurityContextConstraints [security.openshift.io/v1]".
 */
export const securityContextConstraints = z.strictObject({
  apiVersion: z.literal('security.openshift.io/v1'),
  kind: z.literal('SecurityContextConstraints'),
  metadata: z.looseObject({ name: z.string() }),
  // These seven are required.
  allowHostDirVolumePlugin: z.boolean(),
  allowHostIPC: z.boolean(),
  allowHostNetwork: z.boolean(),
  allowHostPID: z.boolean(),
  allowHostPorts: z.boolean(),
  allowPrivilegedContainer: z.boolean(),
  readOnlyRootFilesystem: z.boolean(),
  allowPrivilegeEscalation: z.boolean().optional(),
  allowedCapabilities: z.array(z.string()).optional(),
  defaultAddCapabilities: z.array(z.string()).optional(),
  requiredDropCapabilities: z.array(z.string()).optional(),
  fsGroup: strategy.optional(),
  runAsUser: strategy.optional(),
  seLinuxContext: strategy.optional(),
  supplementalGroups: strategy.optional(),
  seccompProfiles: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  users: z.array(z.string()).optional(),
  groups: z.array(z.string()).optional(),
});
