import { Agent, type AgentOptions } from 'node:https';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/**
 * Connections that can be reset. A socket that is only closed leaves what it holds to the kernel, which goes on sending it for
 * minutes; a reset throws it away. Node resets plain sockets only, so TLS lies on one that is ours.
 */
export class ResettableHttpsAgent extends Agent {
  override createConnection(...[options, callback]: Parameters<Agent['createConnection']>): Duplex | null | undefined {
    // Trying one address after another (RFC 8305) replaces the socket's handle, under which TLS would not follow.
    const below = connect({ ...(options as AgentOptions & TcpNetConnectOpts), autoSelectFamily: false });
    const secure = super.createConnection({ ...options, ...{ socket: below } }, callback);
    if (secure) socketBelow.set(secure, below);
    return secure;
  }
}

/** By socket with TLS. */
const socketBelow = new WeakMap<Duplex, Socket>();

/** Ends a connection at once: nothing that it still holds is sent any more. */
export function resetConnection(socket: Socket): void {
  const below = socketBelow.get(socket) ?? socket;
  // Nothing was sent yet; or it has TLS, and is not ours.
  if (below.connecting || below instanceof TLSSocket) below.destroy();
  else below.resetAndDestroy();
}
