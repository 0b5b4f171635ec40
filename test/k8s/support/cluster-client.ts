import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { z } from 'zod';
import type { KubernetesObject } from './kustomize.ts';

/** A client of a Kubernetes API server, with what tests ask of it: strict server-side apply, warnings, and refusals as values. */

export interface Answer {
  readonly status: number;
  /** An object, a list, or a Status that says why the request was refused. */
  readonly body: Readonly<Record<string, unknown>>;
  /** What the server warns of: unknown and deprecated fields, PodSecurity, admission policies. */
  readonly warnings: readonly string[];
}

export interface Client {
  /** @param path with its query, such as `/api/v1/nodes?limit=1` */
  call(method: string, path: string, body?: object, contentType?: string): Promise<Answer>;
  /**
   * Applies an object on the server, which refuses unknown fields. `dryRun`: judges it only, with all of admission. `force`: takes
   * fields from whoever else has set them.
   */
  apply(object: KubernetesObject, options?: { readonly dryRun?: boolean; readonly force?: boolean }): Promise<Answer>;
  create(object: KubernetesObject, options?: { readonly dryRun?: boolean }): Promise<Answer>;
  /** Path of an object that exists, to get, patch or delete it. */
  pathOf(object: KubernetesObject): Promise<string>;
}

export interface Connection {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** Certificates that the server's own is checked against, as PEM. */
  readonly certificates: string;
  readonly token: string;
}

/** The answer's body. @throws AssertionError with the server's words when the request was refused */
export function accepted({ status, body }: Answer): Answer['body'] {
  assert.ok(status < 300, `${status}: ${body.message ?? JSON.stringify(body)}`);
  return body;
}

const APPLY = 'application/apply-patch+yaml';
const resources = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});

export function connect(connection: Connection): Client {
  const call: Client['call'] = (method, path, body, contentType = 'application/json') =>
    send(connection, { method, path, contentType, body: body && JSON.stringify(body) });

  /** Where objects of this kind are, or would be. The server is asked each time: kinds come and go with their definitions. */
  async function collectionOf({ apiVersion, kind, metadata: { namespace } }: KubernetesObject): Promise<string> {
    const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const found = resources
      .parse(accepted(await call('GET', group)))
      .resources.find((resource) => resource.kind === kind && !resource.name.includes('/'));
    if (!found) throw new Error(`the server has no ${kind} of ${apiVersion}`);
    return found.namespaced ? `${group}/namespaces/${namespace ?? 'default'}/${found.name}` : `${group}/${found.name}`;
  }

  const pathOf: Client['pathOf'] = async (object) => `${await collectionOf(object)}/${object.metadata.name}`;

  return {
    call,
    pathOf,
    async apply(object, { dryRun = false, force = false } = {}) {
      const query = queryOf(dryRun);
      if (force) query.set('force', 'true');
      return call('PATCH', `${await pathOf(object)}?${query}`, object, APPLY);
    },
    async create(object, { dryRun = false } = {}) {
      return call('POST', `${await collectionOf(object)}?${queryOf(dryRun)}`, object);
    },
  };
}

function queryOf(dryRun: boolean): URLSearchParams {
  return new URLSearchParams({ fieldManager: 'test', fieldValidation: 'Strict', ...(dryRun ? { dryRun: 'All' } : {}) });
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: string | undefined;
}

/** Node's `fetch` takes no certificates. */
async function send({ url, certificates, token }: Connection, { method, path, contentType, body }: Request) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = { authorization: `Bearer ${token}`, 'content-type': contentType, accept: 'application/json' };
  request(new URL(path, url), { method, headers, ca: certificates }, resolve).on('error', reject).end(body);
  const response = await promise;
  const text = (await response.setEncoding('utf8').toArray()).join('');
  return { status: response.statusCode ?? 0, body: parsed(text), warnings: warningsOf(response) };
}

/** A watch answers with a line for each event; other texts, such as that of /readyz, are no objects either. */
function parsed(text: string): Answer['body'] {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    return { text };
  }
}

/** `299 - "text"` for each, with quotation marks escaped. */
function warningsOf({ headersDistinct }: IncomingMessage): string[] {
  return (headersDistinct.warning ?? []).map((header) => header.replace(/^299 \S+ "|"$/g, '').replaceAll('\\"', '"'));
}
