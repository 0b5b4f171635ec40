const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 100;
const HEIGHT = 30;

/**
 * A small chart of rates, made of SVG elements.
 * @param {boolean} filled whether the area below the line is
 */
export function createChart(filled) {
  const svg = make('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  const ground = make('line', {
    x1: '0',
    x2: String(WIDTH),
    y1: String(HEIGHT),
    y2: String(HEIGHT),
    class: 'chart-ground',
  });
  const area = make('path', { class: 'chart-area' });
  const line = make('path', { class: 'chart-line' });
  svg.append(ground, ...(filled ? [area] : []), line);
  let drawn = '';
  return {
    element: svg,
    /**
     * @param {readonly number[]} rates the oldest first; [] is nothing at all
     */
    draw(rates) {
      const most = Math.max(1, ...rates);
      const step = WIDTH / Math.max(1, rates.length - 1);
      const points = rates.map((rate, at) => `${round(at * step)} ${round(HEIGHT - (rate / most) * (HEIGHT - 2))}`);
      const path = points.length === 0 ? '' : `M${points.join('L')}`;
      if (path === drawn) return;
      drawn = path;
      line.setAttribute('d', path);
      area.setAttribute('d', path === '' ? '' : `${path}V${HEIGHT}H0Z`);
    },
  };
}

/**
 * @param {string} name
 * @param {Readonly<Record<string, string>>} attributes
 */
function make(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
