/**
 * What the worker threads are at.
 *
 * @typedef {import('../status.ts').Status} Status
 */
import { byId, element } from './dom.js';
import { formatCount, formatSeconds } from './text.js';

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
      item.append(` at most ${calls} calls a second`);
      return item;
    }),
  );
}
