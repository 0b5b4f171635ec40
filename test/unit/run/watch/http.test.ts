import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { DistributorError } from '../../../../service/base/errors.ts';
import { createHttp, type HttpDeps } from '../../../../service/run/watch/http.ts';
import { until } from '../../../support/until.ts';

const DEPS: HttpDeps = {
  metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'log_distributor_x 1\n' }),
  unhealthy: () => null,
  unready: async () => null,
  status: () => ({ state: 'receiving', tenants: [] }),
  usage: undefined,
  hostNames: ['logs.example.com'],
};

/** The endpoint of a service in good health, unless the test says otherwise. */
function setUp(t: TestContext, more: Partial<HttpDeps> = {}) {
  const app = createHttp({ ...DEPS, ...more });
  t.after(() => app.close());
  return async (url: string) => {
    const { statusCode, headers, body } = await app.inject({ url });
    return { statusCode, type: headers['content-type'], body };
  };
}

const JSON_TYPE = 'application/json; charset=utf-8';

test('/metrics answers as Prometheus wants it', async (t) => {
  const get = setUp(t);
  assert.deepEqual(await get('/metrics'), {
    statusCode: 200,
    type: 'text/plain; version=0.0.4; charset=utf-8',
    body: 'log_distributor_x 1\n',
  });
});

test('/healthz answers 200 while the loops turn, and 503 with the reason when they do not', async (t) => {
  assert.deepEqual(await setUp(t)('/healthz'), { statusCode: 200, type: JSON_TYPE, body: '{"status":"ok"}' });
  const get = setUp(t, { unhealthy: () => 'the receive loop does not turn' });
  assert.deepEqual(await get('/healthz'), {
    statusCode: 503,
    type: JSON_TYPE,
    body: '{"status":"unhealthy","reason":"the receive loop does not turn"}',
  });
});

test('/readyz answers 200 while queue and tables do, and 503 with the reason when they do not', async (t) => {
  assert.deepEqual(await setUp(t)('/readyz'), { statusCode: 200, type: JSON_TYPE, body: '{"status":"ready"}' });
  const get = setUp(t, { unready: async () => 'the queue cannot be reached' });
  assert.deepEqual(await get('/readyz'), {
    statusCode: 503,
    type: JSON_TYPE,
    body: '{"status":"not ready","reason":"the queue cannot be reached"}',
  });
});

test('/usage answers the month, 404 where nobody sums it up, and 503 with the reason when the table does not answer', async (t) => {
  const month = { month: '2026-11', days: [], tenants: [] };
  assert.deepEqual(await setUp(t, { usage: async () => month })('/usage'), {
    statusCode: 200,
    type: JSON_TYPE,
    body: JSON.stringify(month),
  });
  assert.equal((await setUp(t)('/usage')).statusCode, 404);
  const away = setUp(t, { usage: () => Promise.reject(new DistributorError('ledger-unavailable', 'it is away')) });
  assert.deepEqual(await away('/usage'), { statusCode: 503, type: JSON_TYPE, body: '{"reason":"it is away"}' });
});

test('/status answers what the service says of itself, as JSON', async (t) => {
  assert.deepEqual(await setUp(t)('/status'), {
    statusCode: 200,
    type: JSON_TYPE,
    body: '{"state":"receiving","tenants":[]}',
  });
});

test('metrics that cannot be had are a server error, and other paths are not found', async (t) => {
  const get = setUp(t, { metrics: () => Promise.reject(new Error('no workers')) });
  assert.equal((await get('/metrics')).statusCode, 500);
  assert.equal((await get('/nothing')).statusCode, 404);
  assert.equal((await get('/page/../service.ts')).statusCode, 404);
});

const PAGE = new URL('../../../../service/run/watch/page/', import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

test('the page and every file of it are served, with headers that let in nothing from elsewhere', async (t) => {
  const app = createHttp(DEPS);
  t.after(() => app.close());
  const files = (await readdir(PAGE)).filter((name) => !name.endsWith('.json'));
  assert.ok(files.length > 5);
  for (const name of files) {
    const { statusCode, headers } = await app.inject({ url: name === 'index.html' ? '/' : `/page/${name}` });
    assert.equal(statusCode, 200, name);
    assert.equal(headers['content-type'], TYPES[name.split('.').at(-1) ?? '']);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'; /);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*|data:/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
  }
});

test('nothing in the page names another origin, or has a script or a style within', async () => {
  for (const name of await readdir(PAGE)) {
    const text = await readFile(new URL(name, PAGE), 'utf8');
    assert.doesNotMatch(text.replaceAll('http://www.w3.org/2000/svg', ''), /https?:\/\/|\bsrc="\/\//, name);
    assert.doesNotMatch(
      text,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\son[a-z]+=|style="|<style/,
      name,
    );
  }
});

for (const [host, status] of [
  ['10.0.0.7:8080', 200],
  ['[fd00::7]:8080', 200],
  ['localhost:8080', 200],
  ['distributor', 200],
  ['distributor.log-distributor.svc.cluster.local', 200],
  ['LOGS.example.com:443', 200],
  ['evil.example.com', 421],
  ['10.0.0.7.evil.example.com', 421],
  ['logs.example.com.evil.com', 421],
] as const) {
  test(`what is said of tenants is ${status === 200 ? 'given' : 'kept from a page'} under ${host}`, async (t) => {
    const app = createHttp(DEPS);
    t.after(() => app.close());
    for (const url of ['/', '/status', '/metrics']) {
      const answer = await app.inject({ url, headers: { host } });
      assert.equal(answer.statusCode, status, url);
      if (status === 421) assert.match(answer.body, /HTTP_HOST_NAMES/);
    }
    for (const url of ['/healthz', '/readyz'])
      assert.equal((await app.inject({ url, headers: { host } })).statusCode, 200);
  });
}

test('half-sent requests, however many, keep nobody from /healthz', async (t) => {
  const app = createHttp(DEPS);
  t.after(() => app.close());
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  let closed = 0;
  for (let at = 0; at < 400; at++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => closed++);
    await once(socket, 'connect');
    socket.write('GET /status HTTP/1.1\r\nhost: localhost\r\n');
    sockets.push(socket);
  }
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
  await until(() => closed >= 400 - 128);
});

test('of too many connections the one without a request for longest is closed, and none that is being answered', async (t) => {
  const held = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const unready = () => {
    arrived.resolve();
    return held.promise.then(() => null);
  };
  const app = createHttp({ ...DEPS, unready });
  t.after(() => app.close());
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const asked = fetch(`http://127.0.0.1:${port}/readyz`);
  await arrived.promise;
  const closed = await connectIdly(t, port, 130);
  await until(() => closed.length === 3);
  assert.deepEqual(closed, [0, 1, 2]);
  held.resolve();
  assert.equal((await asked).status, 200);
});

test('a connection with two requests in a row waits for none as long as one of them is not answered', async (t) => {
  const held = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const unready = () => {
    arrived.resolve();
    return held.promise.then(() => null);
  };
  const app = createHttp({ ...DEPS, unready });
  t.after(() => app.close());
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const asking = connect(port, '127.0.0.1');
  let answered = '';
  asking.on('data', (piece) => {
    answered += piece;
  });
  asking.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\nGET /readyz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  await arrived.promise;
  await until(() => answered.includes('"ok"'));
  const closed = await connectIdly(t, port, 130);
  await until(() => closed.length === 3);
  held.resolve();
  await once(asking, 'close');
  assert.match(answered, /"ready"/);
});

/** Opens connections that say nothing. @returns the numbers of those that the server has closed so far */
async function connectIdly(t: TestContext, port: number, count: number): Promise<readonly number[]> {
  const closed: number[] = [];
  for (let at = 0; at < count; at++) {
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => closed.push(at));
    await once(socket, 'connect');
  }
  return closed;
}
