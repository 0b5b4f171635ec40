import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import {
  arrowPoints,
  type Diagram,
  drawDiagram,
  linesOf,
  parseDiagram,
  type Rectangle,
  THEMES,
} from '../../../local/docs/architecture.ts';

const images = new URL('../../../docs/images/', import.meta.url);
const read = (name: string) => readFile(new URL(name, images), 'utf8');
const diagram = parseDiagram(parse(await read('architecture.yaml')));
const boxes = Object.entries(diagram.nodes);

/** Pixels of a letter, on the average of such texts, in the widest font of the picture's list. */
const LETTER_PIXELS = { title: 7.7, line: 6.1, small: 6.1 };

function overlap([x, y, width, height]: Rectangle, [left, top, wide, high]: Rectangle): boolean {
  return x < left + wide && left < x + width && y < top + high && top < y + height;
}

function contains([x, y, width, height]: Rectangle, [left, top, wide, high]: Rectangle): boolean {
  return x <= left && y <= top && left + wide <= x + width && top + high <= y + height;
}

const labelRectangle = ({ text, at: [x, y] }: Diagram['labels'][number]): Rectangle => [
  x,
  y - 11,
  text.length * LETTER_PIXELS.line,
  14,
];

/** The straight pieces of every arrow, as rectangles a little wider than the line. */
const pieces = diagram.arrows.map((arrow) => {
  const points = arrowPoints(diagram, arrow);
  return points.slice(1).map(([x, y], at): Rectangle => {
    const [left, top] = points[at] ?? [x, y];
    return [Math.min(x, left) - 1, Math.min(y, top) - 1, Math.abs(x - left) + 2, Math.abs(y - top) + 2];
  });
});

for (const theme of ['light', 'dark'] as const) {
  test(`the committed ${theme} picture is what its description draws`, async () => {
    assert.equal(
      await read(`architecture-${theme}.svg`),
      drawDiagram(diagram, THEMES[theme]),
      'run npm run docs, and look at the picture',
    );
  });
}

test('every box lies in exactly one place, and over no other box', () => {
  for (const [id, { at }] of boxes) {
    assert.equal(diagram.places.filter((place) => contains(place.at, at)).length, 1, id);
    for (const [other, box] of boxes) if (other !== id) assert.ok(!overlap(at, box.at), `${id} lies over ${other}`);
  }
});

test('every text of a box fits into it', () => {
  for (const [id, node] of boxes) {
    for (const { text, kind, at } of linesOf(node)) {
      const width = text.length * LETTER_PIXELS[kind];
      const left = kind === 'small' ? at[0] - width / 2 : at[0];
      assert.ok(contains(node.at, [left, at[1] - 11, width, 14]), `${text} does not fit into ${id}`);
    }
  }
});

test('no label lies over a box, an arrow or another label', () => {
  for (const label of diagram.labels) {
    const at = labelRectangle(label);
    for (const [id, box] of boxes) assert.ok(!overlap(at, box.at), `${label.text} lies over ${id}`);
    for (const piece of pieces.flat()) assert.ok(!overlap(at, piece), `${label.text} lies over an arrow`);
    for (const other of diagram.labels) {
      assert.ok(other === label || !overlap(at, labelRectangle(other)), `${label.text} lies over ${other.text}`);
    }
  }
});

test('arrows touch their boxes, and cross no other', () => {
  for (const [at, arrow] of diagram.arrows.entries()) {
    const ends = [arrow.from, arrow.to].map((end) => end.split('.')[0]);
    for (const [id, box] of boxes) {
      const touches = (pieces[at] ?? []).some((piece) => overlap(piece, box.at));
      assert.equal(touches, ends.includes(id), `${arrow.from} → ${arrow.to} and ${id}`);
    }
  }
});

test('the description names the mistake when an arrow leads to a box that does not exist', () => {
  const wrong = { ...diagram, arrows: [{ from: 'vector.right', to: 'nowhere.left', heads: 'end' as const }] };
  assert.throws(() => drawDiagram(wrong, THEMES.light), /names the box nowhere/);
});
