/**
 * Creates the demo's pipeline and tenants on any endpoint, and prints the environment of a service that works there:
 *
 *     AWS_ENDPOINT_URL=http://127.0.0.1:4566 node local/launch.mjs local/provision/main.ts
 */
import { provisionDemo } from './demo.ts';
import { createProvisionDeps } from './deps.ts';
import { endpointEnvironment, exportLines, serviceEnvironment } from './environment.ts';

const { AWS_ENDPOINT_URL: endpointUrl = 'http://127.0.0.1:4566', AWS_REGION: region = 'us-east-1' } = process.env;
const deps = createProvisionDeps({ endpointUrl, region });
try {
  const pipeline = await provisionDemo(deps);
  process.stdout.write(exportLines({ ...endpointEnvironment(endpointUrl, region), ...serviceEnvironment(pipeline) }));
} finally {
  deps.close();
}
