import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate of our own, for 127.0.0.1 unless for other names. */
export interface Certificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** Of the certificate: for NODE_EXTRA_CA_CERTS. */
  readonly certFile: string;
}

/**
 * P-256, as AWS's endpoints have it; for a week, as it is made anew by every run.
 * @param names as openssl writes them: `IP:…`, `DNS:…`
 * @returns undefined without openssl
 */
export function makeCertificate(folder: string, names: readonly string[] = ['IP:127.0.0.1']): Certificate | undefined {
  const keyFile = join(folder, 'key.pem');
  const certFile = join(folder, 'cert.pem');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-keyout', keyFile];
  const name = ['-subj', '/CN=test', '-addext', `subjectAltName=${names}`];
  const made = spawnSync('openssl', ['req', '-x509', ...key, ...name, '-days', '7', '-out', certFile]);
  if (made.status !== 0) return undefined;
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8'), certFile };
}
