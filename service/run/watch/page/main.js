/**
 * The status page: asks the service how it stands, every few seconds while somebody looks, and shows it.
 *
 * @typedef {import('../status.ts').Status} Status
 */
import { createChart } from './chart.js';
import { byId, setText } from './dom.js';
import { showProblems } from './problems.js';
import { ageText, stateOf } from './state.js';
import { createTenantTable } from './tenants.js';
import { formatBytes, formatCount, formatSeconds, secondsBetween } from './text.js';
import { showDestinations, showPlaces, showWorkers } from './workers.js';

const ASK_EVERY_MS = 2_000;
/** A process whose main thread is blocked for longer is as good as away. */
const PATIENCE_MS = 8_000;

const chart = createChart(true);
byId('rate-chart').append(chart.element);
/** @type {Status | undefined} */
let last;
/** When the service last answered; by this machine's clock, epoch milliseconds. */
let answeredMs = 0;
/** When the service first did not answer, of a row of times; by this machine's clock. */
let silentSince = '';

const tenants = createTenantTable(() => {
  if (last) tenants.show(last.tenants, last.now);
});

/** @param {Status} status */
function show(status) {
  last = status;
  const { process, queue, objects } = status;
  const up = formatSeconds(secondsBetween(status.now, status.started_at));
  write('process', `this task only: process ${process.id}, version ${status.version}, up ${up}`);
  chart.draw(status.bytes_per_second);
  write('rate', `${formatBytes(status.bytes_per_second.at(-1) ?? 0)}/s`);
  write('rate-more', `at most ${formatBytes(Math.max(0, ...status.bytes_per_second))}/s`);
  write('queue', queue === null ? 'not known' : `${formatCount(queue.visible)} waiting`);
  write('queue-age', queue === null ? '' : ageText(queue.counted_at, status.now));
  const readUpTo = status.queue_read_up_to;
  const read =
    readUpTo === null ? 'not read yet' : `read up to ${formatSeconds(secondsBetween(status.now, readUpTo))} ago`;
  const invisible = queue === null ? '' : `, ${formatCount(queue.invisible + queue.delayed)} in flight or handed back`;
  write('queue-more', `${read}${invisible}`);
  write('in-flight', `${formatCount(status.messages_in_flight)} messages`);
  const away = status.messages_away === 0 ? '' : `, ${formatCount(status.messages_away)} handed back`;
  const behind = objects.behind_bulkhead === 0 ? '' : ` (${objects.behind_bulkhead} wait for an answer)`;
  write('in-flight-more', `objects: ${objects.running} at work${behind}, ${objects.waiting} waiting${away}`);
  write('memory', formatBytes(process.memory_bytes));
  const reserved = `${formatBytes(objects.memory_reserved_bytes)} of ${formatBytes(process.memory_budget_bytes)}`;
  write('memory-more', `${reserved} reserved by objects`);
  tenants.show(status.tenants, status.now);
  showWorkers(status.workers);
  showDestinations(status.destinations);
  showPlaces(status.places, status.now);
  showProblems(status);
  const { text, tone } = stateOf(status);
  showState(text, tone);
}

/** @param {string} text @param {string} tone */
function showState(text, tone) {
  const state = byId('state');
  setText(state, text);
  state.className = `state ${tone}`;
}

/** @param {string} id @param {string} text */
function write(id, text) {
  setText(byId(id), text);
}

async function ask() {
  try {
    const answer = await fetch('status', { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    show(await answer.json());
    answeredMs = Date.now();
    silentSince = '';
    document.body.classList.remove('stale');
  } catch {
    silentSince ||= new Date().toLocaleTimeString();
    document.body.classList.add('stale');
    const figures = last ? `; figures of ${formatSeconds((Date.now() - answeredMs) / 1000)} ago below` : '';
    showState(`does not answer since ${silentSince}${figures}`, 'bad');
  }
}

/** One question at a time; none while nobody looks. */
async function askForEver() {
  for (;;) {
    if (!document.hidden) await ask();
    await new Promise((resolve) => {
      const timer = setTimeout(done, ASK_EVERY_MS);
      document.addEventListener('visibilitychange', done, { once: true });
      function done() {
        clearTimeout(timer);
        document.removeEventListener('visibilitychange', done);
        resolve(undefined);
      }
    });
  }
}

askForEver();
