import { type AgentOptions, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket, SocketConstructorOpts } from 'node:net';

/**
 * Agents for answers that come by the gigabyte. A socket of theirs reads into one buffer for all of its life, which `onread` of node:net
 * makes possible. Otherwise each read fills a new one, which V8 counts and soon collects garbage for: a seventh of the CPU that an
 * object of Parquet took.
 */
export function bulkAgents(options: AgentOptions): { httpAgent: HttpAgent; httpsAgent: HttpsAgent } {
  return { httpAgent: new BulkHttpAgent(options), httpsAgent: new BulkHttpsAgent(options) };
}

/** What libuv asks a socket for at once. Twice or four times as much is no faster, and each connection has one. */
const READ_BYTES = 64 * 1024;

type Connect = HttpAgent['createConnection'];

class BulkHttpAgent extends HttpAgent {
  override createConnection(...[options, callback]: Parameters<Connect>): ReturnType<Connect> {
    return super.createConnection({ ...options, ...readingIntoOneBuffer() }, callback);
  }
}

class BulkHttpsAgent extends HttpsAgent {
  override createConnection(...[options, callback]: Parameters<Connect>): ReturnType<Connect> {
    return super.createConnection({ ...options, ...readingIntoOneBuffer() }, callback);
  }
}

/**
 * The bytes reach node:http by the event that it listens to anyway. It must be done with them when that returns, and is: its parser
 * copies what it keeps, but for what follows an upgrade, which nobody here asks for.
 */
function readingIntoOneBuffer(): Pick<SocketConstructorOpts, 'onread'> {
  // One spare byte, so that releaseMemory never takes it: it frees only views of a whole buffer.
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES + 1).subarray(0, READ_BYTES);
  return {
    onread: {
      buffer,
      callback(this: Socket, count: number): boolean {
        this.emit('data', buffer.subarray(0, count));
        return true;
      },
    },
  };
}
