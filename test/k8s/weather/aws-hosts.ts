import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from '../../support/certificate.ts';

/**
 * A proxy behind which `*.amazonaws.com` is the embedded AWS. So the sinks run as they are rendered, without an endpoint: Vector's
 * AssumeRole takes none. Nothing leaves this machine: a tunnel to any other host is refused.
 */
export interface AwsHosts {
  /** For HTTPS_PROXY. */
  readonly proxyUrl: string;
  close(): Promise<void>;
}

/** @param portOf of the loopback, by the first label of the host (`s3`, `sts`, `firehose`) */
export async function startAwsHosts(certificate: Certificate, portOf: (service: string) => number): Promise<AwsHosts> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // Vector was killed, or a fault rule has reset the connection.
    socket.on('error', () => socket.destroy());
    return socket;
  };
  const tls = createTlsServer({ key: certificate.key, cert: certificate.cert }, (plain) => {
    const [service = ''] = (plain.servername || '').split('.');
    const upstream = keep(connect(portOf(service), '127.0.0.1'));
    keep(plain).pipe(upstream).pipe(plain);
    plain.once('close', () => upstream.destroy());
    upstream.once('close', () => plain.destroy());
  });
  tls.on('tlsClientError', (_error, socket) => socket.destroy());
  const proxy = createHttpServer((_request, response) => response.writeHead(403).end());
  proxy.on('connect', (request, socket: Socket) => {
    keep(socket);
    if (!/^[a-z0-9.-]+\.amazonaws\.com:443$/.test(request.url ?? '')) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    tls.emit('connection', socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy listens on no port');
  return {
    proxyUrl: `http://127.0.0.1:${address.port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
