/**
 * `npm run pictures`: takes the pictures of the status page in docs/images, in light and dark, of a real service that delivers
 * the demo's load for ten minutes. One further tenant's role refuses the service. Needs Chromium.
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { type DemoEnvironment, startDemo } from '../../local/demo/environment.ts';
import { writeLoad } from '../../local/demo/write.ts';
import { provisionTenant } from '../../local/provision/tenant.ts';
import { findChromium, type Page, startBrowser } from '../support/browser.ts';
import { buildTenant, keyOf } from '../support/tenant.ts';

const IMAGES = new URL('../../docs/images/', import.meta.url);
const SCREEN = { width: 1180, height: 800, deviceScaleFactor: 1.5, mobile: false };
const REFUSING = buildTenant('umbrella', '444444444444', { external_id: 'not-what-the-role-requires' });
const RUNBOOK_URL = 'https://wiki.invalid/operations';
/** The chart of the page shows as much. */
const LOAD_SECONDS = 600;

const { seconds } = new Command('npm run pictures --')
  .description('Takes the pictures of the status page in docs/images.')
  .option('--seconds <count>', 'how long the service is under load first', positive, LOAD_SECONDS)
  .parse()
  .opts<{ readonly seconds: number }>();

const chromium = findChromium();
if (chromium === undefined) throw new Error('there is no Chromium on this machine');

await using demo = await startDemo({
  cloud: {},
  service: { HTTP_PORT: '0', RUNBOOK_URL },
  onStep: (text) => console.error(text),
});
await refuse(demo);
const stop = new AbortController();
const load = writeLoad(demo, 'pictures', stop.signal);
await delay(seconds * 1000);
await using browser = await startBrowser(chromium);
const page = await browser.open(`${demo.service.url}/`);
await page.send('Emulation.setDeviceMetricsOverride', SCREEN);
for (const scheme of ['light', 'dark'] as const) await take(page, scheme);
stop.abort();
await load;

async function refuse({ deps, pipeline, put }: DemoEnvironment): Promise<void> {
  await provisionTenant(deps, REFUSING, pipeline);
  const line = JSON.stringify({ message: 'a line', timestamp: Date.now() });
  await put(keyOf(REFUSING.tenantId, 'a.log'), Buffer.from(line));
}

async function take(page: Page, scheme: 'light' | 'dark'): Promise<void> {
  await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  // SQS is asked for the queue's depth once somebody looks.
  while (!(await page.evaluate<boolean>(`document.querySelector('#queue').textContent.endsWith(' waiting')`)))
    await delay(100);
  await writeFile(new URL(`status-page-${scheme}.png`, IMAGES), await page.screenshot());
}

function positive(text: string): number {
  const count = Number(text);
  if (!(count > 0)) throw new InvalidArgumentError('must be a number above 0');
  return count;
}
