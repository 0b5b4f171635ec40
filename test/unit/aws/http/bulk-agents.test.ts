import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer, get as getByTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bulkAgents } from '../../../../service/aws/http/bulk-agents.ts';
import { makeCertificate } from '../../../support/certificate.ts';

/** Many reads, and more than all buffers on the way hold: whoever does not read stops the sender. */
const BODY = randomBytes(24 * 1024 * 1024);

interface Place {
  fetch(): Promise<IncomingMessage>;
  /** So far. */
  connections(): number;
}

async function startPlace(t: TestContext, tls: boolean, answer: RequestListener): Promise<Place | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'bulk-agents-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const certificate = tls ? makeCertificate(folder) : undefined;
  if (tls && !certificate) {
    t.skip('there is no openssl to make a certificate with');
    return undefined;
  }
  const server = certificate ? createTlsServer(certificate, answer) : createServer(answer);
  let connections = 0;
  server.on('connection', () => connections++);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  // One connection at a time, so that every request after the first uses it again.
  const { httpAgent, httpsAgent } = bulkAgents({ keepAlive: true, maxSockets: 1 });
  t.after(() => {
    for (const agent of [httpAgent, httpsAgent]) agent.destroy();
  });
  return {
    connections: () => connections,
    async fetch() {
      const place = { host: '127.0.0.1', port };
      const request = certificate
        ? getByTls({ ...place, agent: httpsAgent, ca: certificate.cert })
        : get({ ...place, agent: httpAgent });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      return response;
    },
  };
}

async function digestOf(response: IncomingMessage, pause: (pieces: number) => Promise<void> | undefined) {
  const hash = createHash('sha256');
  let pieces = 0;
  for await (const piece of response) {
    hash.update(piece as Uint8Array);
    await pause(pieces++);
  }
  return hash.digest('hex');
}

const DIGEST = createHash('sha256').update(BODY).digest('hex');
const never = () => undefined;

for (const tls of [false, true]) {
  suite(`reading answers by the gigabyte, ${tls ? 'HTTPS' : 'HTTP'}`, () => {
    test('bodies come whole, one after another over one connection, with a length and in chunks', async (t) => {
      let requests = 0;
      const place = await startPlace(t, tls, (_request, response) => {
        if (requests++ % 2 === 0) response.setHeader('content-length', BODY.length);
        response.end(BODY);
      });
      if (!place) return;
      for (let request = 0; request < 4; request++) {
        assert.equal(await digestOf(await place.fetch(), never), DIGEST);
      }
      assert.equal(place.connections(), 1);
    });

    test('a reader that hesitates gets the same bytes', async (t) => {
      const place = await startPlace(t, tls, (_request, response) => response.end(BODY));
      if (!place) return;
      const digest = await digestOf(await place.fetch(), (pieces) => (pieces % 16 === 0 ? sleep(1) : undefined));
      assert.equal(digest, DIGEST);
    });

    test('a reader that stops stops the sender, and goes on where it was', async (t) => {
      const place = await startPlace(t, tls, (_request, response) => response.end(BODY));
      if (!place) return;
      const response = await place.fetch();
      let received = 0;
      let before = -1;
      // What the socket has read shows in its count; it stands still once all buffers are full.
      while (received === 0 || received !== before) {
        before = received;
        await sleep(50);
        received = response.socket.bytesRead;
      }
      assert.ok(received > 0 && received < BODY.length / 4, `${received} bytes were read for nobody`);
      assert.equal(await digestOf(response, never), DIGEST);
    });

    test('all reads of a connection share one buffer', async (t) => {
      const place = await startPlace(t, tls, (_request, response) => response.end(BODY));
      if (!place) return;
      const response = await place.fetch();
      const buffers = new Set<ArrayBufferLike>();
      response.socket.on('data', (piece: Uint8Array) => buffers.add(piece.buffer));
      assert.equal(await digestOf(response, never), DIGEST);
      assert.equal(buffers.size, 1);
    });

    test('an answer without a length ends with its connection', async (t) => {
      const place = await startPlace(t, tls, (_request, response) => {
        response.useChunkedEncodingByDefault = false;
        response.shouldKeepAlive = false;
        response.end(BODY);
      });
      if (!place) return;
      const response = await place.fetch();
      assert.equal(response.headers['transfer-encoding'], undefined);
      assert.equal(response.headers['content-length'], undefined);
      assert.equal(await digestOf(response, never), DIGEST);
    });

    test('one that is given up in the middle leaves the next ones whole', async (t) => {
      const place = await startPlace(t, tls, (_request, response) => response.end(BODY));
      if (!place) return;
      for (let round = 0; round < 3; round++) {
        const response = await place.fetch();
        await once(response, 'readable');
        response.destroy();
        assert.equal(await digestOf(await place.fetch(), never), DIGEST);
      }
    });

    test('an answer that breaks off is an error', async (t) => {
      const place = await startPlace(t, tls, (_request, response) => {
        response.setHeader('content-length', BODY.length);
        response.write(BODY.subarray(0, BODY.length / 2), () => response.destroy());
      });
      if (!place) return;
      const response = await place.fetch();
      await assert.rejects(digestOf(response, never), /aborted/);
    });
  });
}
