import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** How many connections the endpoint has at once. Prometheus, an orchestrator and some people need a dozen. */
const CONNECTIONS_MAX = 128;
/** The longest that a request may be on its way; requests here have a line and some headers. */
export const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Bounds a server's connections, so that whoever opens many of them keeps nobody from `/healthz`: when there are too many, the one that has
 * been without a whole request for longest is closed. Where all are being answered, it is the newest.
 */
export function boundConnections(server: Server, connectionsMax = CONNECTIONS_MAX): void {
  /** Those without a request, in the order in which they began to wait for one. */
  const waiting = new Set<Socket>();
  let open = 0;
  server.on('connection', (socket) => {
    open++;
    waiting.add(socket);
    socket.once('close', () => {
      open--;
      waiting.delete(socket);
    });
    if (open <= connectionsMax) return;
    const [longest = socket] = waiting;
    waiting.delete(longest);
    longest.destroy();
  });
  /** Requests of a connection that are not answered yet. */
  const unanswered = new WeakMap<Socket, number>();
  server.on('request', ({ socket }, response) => {
    waiting.delete(socket);
    unanswered.set(socket, (unanswered.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (unanswered.get(socket) ?? 1) - 1;
      unanswered.set(socket, left);
      if (left === 0 && !socket.destroyed) waiting.add(socket);
    });
  });
}
