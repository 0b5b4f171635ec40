/**
 * The status page: asks the service for its status every few seconds while the page is visible, and shows it.
 *
 * @typedef {import('../status.ts').Status} Status
 */
import { byId, setText } from './dom.js';
import { showHead, showNoAnswer } from './head.js';
import { createOverview } from './overview.js';
import { showProblems } from './problems.js';
import { stateOf } from './state.js';
import { createTenantTable } from './tenants.js';
import { formatSeconds, formatTime, secondsBetween } from './text.js';
import { watchUsage } from './usage.js';
import { showDestinations, showPlaces, showWorkers } from './workers.js';

const ASK_EVERY_MS = 2_000;
/** A process whose main thread is blocked for longer counts as away. */
const PATIENCE_MS = 8_000;

const overview = createOverview();
/** @type {Status | undefined} */
let last;
/** When the service last answered; by this machine's clock, epoch milliseconds. */
let answeredMs = 0;
/** When the service stopped answering, by this machine's clock, RFC 3339; empty while it answers. */
let silentSince = '';

const tenants = createTenantTable(() => {
  if (last) showTenants(last);
});

/** @param {Status} status */
function show(status) {
  last = status;
  const { process } = status;
  const up = formatSeconds(secondsBetween(status.now, status.started_at));
  setText(byId('process'), `this task only: process ${process.id}, version ${status.version}, up ${up}`);
  overview.show(status);
  showTenants(status);
  showWorkers(status.workers);
  showDestinations(status.destinations);
  showPlaces(status);
  showProblems(status);
  showHead(status);
  const { text, tone } = stateOf(status);
  showState(text, tone);
}

/** @param {Status} status */
function showTenants(status) {
  tenants.show(status.tenants, { now: status.now, runbookUrl: status.runbook_url });
}

/** @param {string} text @param {string} tone */
function showState(text, tone) {
  const state = byId('state');
  setText(state, text);
  state.className = `state ${tone}`;
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
    silentSince ||= new Date().toISOString();
    document.body.classList.add('stale');
    const age = formatSeconds((Date.now() - answeredMs) / 1000);
    const figures = last ? `; the figures below are ${age} old` : '';
    showState(`no answer since ${formatTime(silentSince)}${figures}`, 'bad');
    showNoAnswer();
  }
}

/** One request at a time; none while the page is hidden. */
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

watchUsage();
askForEver();
