/**
 * What the worker threads are working on, which destinations are throttled, and which regions do not answer.
 *
 * @typedef {import('../status.ts').Status} Status
 */
import { byId, element } from './dom.js';
import { runbookLinks } from './runbook.js';
import { formatCount, formatSeconds, secondsBetween } from './text.js';

/** @param {Status['workers']} workers */
export function showWorkers(workers) {
  byId('workers').replaceChildren(
    ...workers.map(({ thread, objects }) => {
      const title = element('h3', { text: `Thread ${thread + 1} ` }, []);
      title.append(element('span', { className: 'quiet', text: objects.length === 0 ? 'idle' : '' }));
      const items = objects.map(({ tenant, object, seconds, records }) =>
        element('li', {}, [
          element('bdi', { text: tenant }),
          element('span', {
            className: 'quiet',
            text: ` for ${formatSeconds(seconds)}, ${formatCount(records)} records`,
          }),
          element('code', { className: 'object quiet', text: object }),
        ]),
      );
      return element('li', {}, items.length === 0 ? [title] : [title, element('ul', {}, items)]);
    }),
  );
}

/** @param {Status['destinations']} destinations */
export function showDestinations(destinations) {
  byId('limited').hidden = destinations.length === 0;
  byId('destinations').replaceChildren(
    ...destinations.map(({ destination, calls_per_second: calls }) => {
      const item = element('li', { text: '' }, [element('code', { text: destination })]);
      item.append(` limited to ${calls} calls a second`);
      return item;
    }),
  );
}

/** @param {Pick<Status, 'places' | 'now' | 'runbook_url'>} status */
export function showPlaces({ places, now, runbook_url: runbookUrl }) {
  byId('silent').hidden = places.length === 0;
  byId('silent-runbook').replaceChildren(...runbookLinks('LogRegionSilent', runbookUrl));
  byId('places').replaceChildren(
    ...places.map(({ place, tenants, since, next_try_at, state }) => {
      const wait = secondsBetween(next_try_at, now);
      const next =
        state === 'probing' || wait <= 0 ? 'one object is trying now' : `next attempt in ${formatSeconds(wait)}`;
      const silence = `no answer to ${formatCount(tenants)} tenants for ${formatSeconds(secondsBetween(now, since))}`;
      return element('li', { text: `${place}: ${silence}, ${next}` });
    }),
  );
}
