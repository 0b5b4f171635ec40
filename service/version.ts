import { readFileSync } from 'node:fs';

/** Of the package, which lies beside the service in a checkout and in the image. */
export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return String(version);
}
