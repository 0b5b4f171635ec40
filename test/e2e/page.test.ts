import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { createTableCalls } from '../../service/aws/calls.ts';
import { DAY_MS, dayOf, NO_USAGE } from '../../service/core/usage.ts';
import { createUsageDays } from '../../service/ledger/usage-days.ts';
import { GRACE_MS } from '../../service/run/watch/usage-roll-up.ts';
import { placeOf } from '../support/aws.ts';
import { type Browser, findChromium, type Page, startBrowser } from '../support/browser.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** The status page of a real service in a real browser. */
const chromium = findChromium();
const skip = process.env.AWS_ENDPOINT_URL
  ? 'the endpoint does not refuse a role'
  : chromium === undefined && 'there is no Chromium on this machine';

const ACME = tenantOf('acme-corp');
const GLOBEX = tenantOf('globex');
/** Its role asks for another external id. */
const BROKEN = tenantOf('zz-broken', { external_id: 'not-what-the-role-asks-for' });
/** What a key may say, and no page may run. It is no tenant of the table, so it is also in the reason. */
const HOSTILE = '<img src=x onerror=window.hit=1>';
const RUNBOOK = 'https://wiki.invalid/operations';
const PHONE = { width: 360, height: 740, deviceScaleFactor: 2, mobile: true };
const DESKTOP = { width: 1280, height: 900, deviceScaleFactor: 1, mobile: false };

suite('the status page', { skip }, () => {
  let pipeline: TestPipeline;
  let browser: Browser;
  let page: Page;
  let pictures: string;

  before(async () => {
    pipeline = await startPipeline({
      tenants: [ACME, GLOBEX, BROKEN],
      service: { WORKER_THREADS: '2', RUNBOOK_URL: RUNBOOK },
    });
    const line = JSON.stringify({ message: 'a line', timestamp: Date.now() });
    for (const { tenantId } of [ACME, GLOBEX, BROKEN]) await pipeline.put(keyOf(tenantId, 'a.log'), line);
    await pipeline.put(keyOf(ACME.tenantId, 'b.log'), `${line}\nno json\n`);
    await pipeline.put(keyOf(HOSTILE, 'a.log'), line);
    await pipeline.untilObjects(3);
    browser = await startBrowser(chromium ?? '');
    page = await browser.open(`${pipeline.service.url}/`);
    await until(async () => {
      const { tenants } = await pipeline.status();
      const broken = tenants.find(({ tenant }) => tenant === BROKEN.tenantId);
      return tenants.length === 4 && broken?.circuits.length;
    }, 'the service has seen all tenants');
    await until(async () => (await rows()).length === 4, 'the page shows all tenants');
    await until(async () => (await rows())[0]?.includes('refused'), 'the page shows the trouble');
    pictures = await mkdtemp(join(tmpdir(), 'log-distributor-page-'));
    console.log(`pictures of the status page: ${pictures}`);
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await pipeline?.[Symbol.asyncDispose]();
  });

  /** The text of each tenant's row, from top to bottom. */
  const rows = () =>
    page.evaluate<string[]>(`[...document.querySelectorAll('#tenants tr:not(.why)')].map((row) => row.innerText)`);
  const names = () =>
    page.evaluate<string[]>(`[...document.querySelectorAll('#tenants th bdi')].map((name) => name.textContent)`);
  const text = (selector: string) => page.evaluate<string>(`document.querySelector('${selector}').innerText`);
  const picture = async (name: string, screen: typeof DESKTOP, scheme: 'light' | 'dark') => {
    await page.send('Emulation.setDeviceMetricsOverride', screen);
    await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    const png = await page.screenshot();
    await writeFile(join(pictures, `${name}.png`), png);
    return png;
  };

  test('it loads without a complaint of the browser, and says which task it shows', async () => {
    assert.deepEqual(page.complaints, []);
    assert.equal(await text('#state'), 'receiving');
    assert.match(
      await text('#process'),
      new RegExp(`^this task only: process ${pipeline.service.pid}, version \\d+\\.\\d`),
    );
    assert.match(await text('footer'), /This page shows one task/);
  });

  test('tenants in trouble are on top, with the reason, then the others by name', async () => {
    assert.deepEqual(await names(), [BROKEN.tenantId, HOSTILE, ACME.tenantId, GLOBEX.tenantId]);
    const reasons = await text('#tenants tr.why');
    assert.match(reasons, /^role-refused delivery to cloudwatch paused since [\d:]+ UTC, /);
    assert.doesNotMatch(reasons, /arn:|not-what-the-role-asks-for/);
    const [broken, , acme, globex] = await rows();
    assert.match(acme ?? '', /1 quarantined/);
    assert.match(acme ?? '', /not all delivered/);
    await until(async () => /up to date/.test((await rows())[3] ?? ''), 'nothing of the tenant is undelivered');
    assert.match(broken ?? '', /refused\s+runbook/);
    assert.doesNotMatch(globex ?? '', /runbook/);
    const links = await page.evaluate<string[]>(
      `[...document.querySelectorAll('#tenants a.runbook')].map(({ href }) => href)`,
    );
    assert.equal(links[0], `${RUNBOOK}#logtenantrefusesus`);
  });

  test('parked messages and records are shown in total and by tenant', async () => {
    await until(async () => /^1 message$/.test(await text('#parked')), 'the message of the broken tenant is parked');
    assert.match(await text('#parked-more'), /^of 1 tenant; first dead letter in /);
    assert.equal(await text('#records'), '3 delivered');
    assert.match(await text('#records-more'), /^0 filtered, 1 quarantined, 0 rejected; \d dead letters?$/);
    assert.equal(await text('#tenants tr td[data-label="Parked"]'), '1');
  });

  test('title and icon show that tenants are in trouble', async () => {
    assert.equal(await page.evaluate('document.title'), '2 tenants in trouble – Log distributor');
    assert.match(await page.evaluate<string>(`document.querySelector('#icon').href`), /icon-bad\.svg$/);
  });

  test('a time is in UTC, and names the local time on hover', async () => {
    const [shown, hover] = await page.evaluate<string[]>(
      `(({ textContent, title }) => [textContent, title])(document.querySelector('.why time'))`,
    );
    assert.match(shown ?? '', /^\d\d:\d\d:\d\d UTC$/);
    assert.match(hover ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(local time: .+\)$/);
  });

  test('a tenant id that is markup stays text, in its row and in its reason', async () => {
    const [, hostile = ''] = await rows();
    assert.ok(hostile.includes(HOSTILE));
    const reasons = await page.evaluate<string[]>(`[...document.querySelectorAll('.why')].map((row) => row.innerText)`);
    assert.ok(reasons.some((reason) => reason.includes(`tenant ${HOSTILE} has no item`)));
    assert.deepEqual(await page.evaluate(`[document.images.length, window.hit ?? null]`), [0, null]);
  });

  test('the search finds by name and by reason, stays over a reload, and says when no tenant matches', async () => {
    const search = async (wanted: string) => {
      await page.evaluate(`document.querySelector('#search').select()`);
      if (wanted === '')
        await page.send('Input.dispatchKeyEvent', {
          type: 'keyDown',
          key: 'Delete',
          code: 'Delete',
          windowsVirtualKeyCode: 46,
        });
      else await page.send('Input.insertText', { text: wanted });
    };
    await page.evaluate(`document.querySelector('#search').focus()`);
    await search('GLOB');
    await until(async () => (await names()).join() === GLOBEX.tenantId, 'one tenant is found by its name');
    assert.equal(await text('#count'), '1 of 4, 2 in trouble');
    await search('role-ref');
    await until(async () => (await names()).join() === BROKEN.tenantId, 'one is found by its reason');
    assert.equal(await page.evaluate('location.search'), '?find=role-ref');
    await page.reload();
    assert.equal(await page.evaluate(`document.querySelector('#search').value`), 'role-ref');
    await until(async () => (await names()).join() === BROKEN.tenantId, 'the search is the same after a reload');
    await search('nobody');
    await until(async () => (await text('#nobody')) === 'No tenant matches.', 'no tenant is found');
    await search('');
    await until(async () => (await names()).length === 4, 'all are there again');
    assert.equal(await page.evaluate('location.search'), '');
  });

  test('the usage of the month is a table that is asked for when it is opened', async () => {
    const days = createUsageDays({
      dynamo: createTableCalls(placeOf(pipeline.cloud?.url ?? '')),
      table: pipeline.names.ledgerTable,
    });
    // Yesterday, but not within the hours after midnight in which it is not summed up yet.
    const last = dayOf(Date.now() - GRACE_MS - DAY_MS);
    const usage = { ...NO_USAGE, objects: 3, delivered: 1_234, bytes: 5_000_000, calls: 7 };
    const never = new AbortController().signal;
    await days.write(
      last,
      new Map([
        ['acme-corp/cloudwatch', usage],
        [`${HOSTILE}/cloudwatch`, { ...usage, bytes: 1 }],
      ]),
      never,
    );
    await page.evaluate(`document.querySelector('#usage summary').click()`);
    await until(async () => /acme-corp/.test(await text('#usage-rows')), 'it is shown');
    const [acme = '', hostile = ''] = await page.evaluate<string[]>(
      `[...document.querySelectorAll('#usage-rows tr')].map((row) => row.innerText)`,
    );
    assert.match(acme, /^acme-corp\s+3\s+1,234\s+5 MB\s+7\s/);
    assert.ok(hostile.startsWith(HOSTILE));
    await picture('usage', DESKTOP, 'light');
    await picture('usage-phone', PHONE, 'light');
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= PHONE.width);
    await picture('usage', DESKTOP, 'light');
    await page.evaluate(`document.querySelector('#usage summary').click()`);
  });

  test('the keyboard reaches search and order, and the order is the chosen one', async () => {
    await page.evaluate(`document.querySelector('#search').focus()`);
    await page.send('Input.dispatchKeyEvent', { type: 'keyDown', key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 });
    assert.equal(await page.evaluate('document.activeElement.id'), 'order');
    await page.evaluate(`(() => {
      const order = document.querySelector('#order');
      order.value = 'name';
      order.dispatchEvent(new Event('change'));
    })()`);
    assert.deepEqual(await names(), [HOSTILE, ACME.tenantId, GLOBEX.tenantId, BROKEN.tenantId]);
    await page.evaluate(`(() => {
      const order = document.querySelector('#order');
      order.value = 'trouble';
      order.dispatchEvent(new Event('change'));
    })()`);
  });

  test('it fits a phone of 360 px without scrolling sideways, and is still a table for a screen reader', async () => {
    await picture('phone', PHONE, 'light');
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    assert.ok(width <= PHONE.width, `${width} px`);
    await page.send('Accessibility.enable');
    const { nodes } = (await page.send('Accessibility.getFullAXTree')) as { nodes: { role?: { value: string } }[] };
    const roles = Map.groupBy(nodes, ({ role }) => role?.value ?? '');
    assert.equal(roles.get('table')?.length, 1);
    assert.equal(roles.get('columnheader')?.length, 9);
    assert.equal(roles.get('rowheader')?.length, 4);
  });

  test('in dark mode it is dark, with text that can be read', async () => {
    const colours = () =>
      page.evaluate<[ground: string, text: string]>(
        `(({ backgroundColor, color }) => [backgroundColor, color])(getComputedStyle(document.body))`,
      );
    const light = await picture('desktop', DESKTOP, 'light');
    const [lightGround, lightText] = await colours();
    const dark = await picture('dark', DESKTOP, 'dark');
    const [darkGround, darkText] = await colours();
    assert.ok(!light.equals(dark));
    assert.ok(brightness(lightGround) > 200 && brightness(lightText) < 60, `${lightText} on ${lightGround}`);
    assert.ok(brightness(darkGround) < 60 && brightness(darkText) > 200, `${darkText} on ${darkGround}`);
    await picture('phone-dark', PHONE, 'dark');
  });

  test('markup and scripts of others are stopped by the browser, should the page ever let them in', async () => {
    const before = page.complaints.length;
    const error = await page.evaluate<string>(`(() => {
      const script = document.createElement('script');
      try { document.body.innerHTML += ${JSON.stringify(HOSTILE)}; } catch (error) { return error.name; }
    })()`);
    assert.equal(error, 'TypeError');
    await page.evaluate(`fetch('https://example.invalid/').catch(() => {})`);
    await until(() => page.complaints.length > before, 'the browser complains');
    assert.equal(await page.evaluate('window.hit ?? null'), null);
  });

  test('with a table or the queue away the page says so in red, since when and why, and is green again after that', async () => {
    const { cloud } = pipeline;
    assert.ok(cloud);
    const away = (service: string, action: string) =>
      cloud.faults.add({
        service,
        action,
        effect: { kind: 'error', code: 'InternalError', status: 500, message: 'We are ill.' },
      });
    const colour = () => page.evaluate<string>(`document.querySelector('#state').className`);
    away('dynamodb', 'DescribeTable');
    await until(async () => /^receiving, 2 problems for /.test(await text('#state')), 'the tables are away');
    assert.equal(await colour(), 'state bad');
    assert.match(
      await text('#problem-list'),
      /^TENANT_CONFIG_TABLE since \S+ UTC: the table \S+ cannot be used\. AWS: InternalError: We are ill\. \(request id \S+\)/,
    );
    cloud.faults.clear();
    await until(async () => (await text('#state')) === 'receiving', 'the tables are back');
    away('sqs', 'ReceiveMessage');
    await until(async () => /^not receiving for /.test(await text('#state')), 'the queue is away');
    assert.match(
      await text('#problem-list'),
      /^SQS_QUEUE_URL since \S+ UTC: The queue cannot be read\. AWS: InternalError/,
    );
    await picture('queue-away', DESKTOP, 'light');
    const width = async () => {
      await picture('queue-away-phone', PHONE, 'light');
      return page.evaluate<number>('document.documentElement.scrollWidth');
    };
    assert.ok((await width()) <= PHONE.width);
    cloud.faults.clear();
    await until(async () => (await text('#state')) === 'receiving', 'the queue is back');
    assert.equal(await colour(), 'state good');
  });

  test('500 tenants are shown in pages of 25, also on a phone, and the page is in the address', async () => {
    await page.evaluate(`(() => {
      window.realFetch = window.fetch;
      window.fetch = async (...request) => {
        const status = await (await window.realFetch(...request)).json();
        const like = status.tenants.find(({ tenant }) => tenant === '${GLOBEX.tenantId}');
        const nameOf = (at) => 'tenant-' + String(at).padStart(3, '0');
        status.tenants = Array.from({ length: 500 }, (_, at) => ({ ...like, tenant: nameOf(at) }));
        return Response.json(status);
      };
    })()`);
    await until(async () => (await text('#page')) === '1–25 of 500', 'the first page is shown');
    assert.equal((await names()).length, 25);
    await page.evaluate(`document.querySelector('#next').click()`);
    assert.deepEqual([(await names())[0], (await names()).length], ['tenant-025', 25]);
    assert.equal(await page.evaluate('location.search'), '?page=2');
    await picture('many-phone', PHONE, 'light');
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= PHONE.width);
    await page.evaluate(`(document.querySelector('#previous').click(), window.fetch = window.realFetch, 0)`);
    await until(async () => (await names()).length === 4, 'the tenants of the service are shown again');
  });

  test('when the service is away the page says so and since when, and keeps the last figures, greyed', async () => {
    await pipeline.service.stop('SIGKILL');
    await until(
      async () => /^no answer since [\d:]+ UTC; the figures below are [\d.]+ s old$/.test(await text('#state')),
      'the page says so',
    );
    assert.equal((await names()).length, 4);
    assert.equal(await page.evaluate('document.title'), 'no answer – Log distributor');
    assert.equal(await page.evaluate(`getComputedStyle(document.querySelector('main')).opacity`), '0.45');
    await picture('away', DESKTOP, 'light');
  });
});

/** Of `rgb(r, g, b)`: 0 to 255. */
function brightness(colour: string): number {
  const parts = colour.match(/\d+/g)?.slice(0, 3).map(Number) ?? [];
  return parts.reduce((sum, part) => sum + part, 0) / 3;
}
