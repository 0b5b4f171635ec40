import { isIP } from 'node:net';

/** Names that nobody can register: of this host, of a private network, of a cluster. */
const PRIVATE = /^[a-z0-9-]+$|\.(localhost|local|internal|svc|home\.arpa)$/;

/**
 * Whether a request's Host may be this endpoint's. A page from elsewhere, whose own name suddenly has the endpoint's address (DNS
 * rebinding), makes a browser ask under that page's name, and could read what the endpoint says of tenants.
 * @param host of the request, with or without a port
 * @param names further ones, lower-case, which an operator has given the endpoint
 */
export function isOwnHost(host: string | undefined, names: readonly string[]): boolean {
  if (host === undefined) return false;
  const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
  return isIP(name.replace(/^\[|\]$/g, '')) !== 0 || PRIVATE.test(name) || names.includes(name);
}
