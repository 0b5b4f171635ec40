import { z } from 'zod';
import { ICONS } from './icons.ts';

/**
 * Draws the architecture from docs/images/architecture.yaml, which explains its own notation. Pure: the same text gives the same bytes, so a
 * test can compare the committed pictures with it.
 */

const rectangle = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const point = z.tuple([z.number(), z.number()]);
const end = z.string().regex(/^\w+\.(left|right|top|bottom)$/, 'must be box.side');

const DIAGRAM = z.strictObject({
  size: point,
  places: z.array(z.strictObject({ title: z.string(), at: rectangle })),
  nodes: z.record(
    z.string(),
    z.strictObject({
      title: z.string(),
      lines: z.array(z.string()),
      icon: z.enum(Object.keys(ICONS)),
      strong: z.boolean().default(false),
      at: rectangle,
    }),
  ),
  arrows: z.array(
    z.strictObject({
      from: end,
      to: end,
      along: z.number().optional(),
      bend: z.number().optional(),
      heads: z.enum(['end', 'both']).default('end'),
    }),
  ),
  labels: z.array(z.strictObject({ text: z.string(), at: point })),
});
export type Diagram = z.output<typeof DIAGRAM>;
export type Rectangle = z.output<typeof rectangle>;
type Node = Diagram['nodes'][string];
type Point = readonly [x: number, y: number];

/** @throws ZodError with every place that breaks the notation. */
export const parseDiagram = (value: unknown): Diagram => DIAGRAM.parse(value);

export const THEMES = {
  light: {
    place: '#f6f8fa',
    placeLine: '#d1d9e0',
    box: '#ffffff',
    boxLine: '#c4ccd4',
    strong: '#0b5cad',
    strongText: '#ffffff',
    strongMuted: '#d6e6f7',
    text: '#1f2328',
    muted: '#57606a',
    icon: '#0b5cad',
    arrow: '#57606a',
  },
  dark: {
    place: '#151b23',
    placeLine: '#3d444d',
    box: '#212830',
    boxLine: '#4a525c',
    strong: '#1f6feb',
    strongText: '#ffffff',
    strongMuted: '#dbe9ff',
    text: '#f0f6fc',
    muted: '#a6afba',
    icon: '#6cb2ff',
    arrow: '#a6afba',
  },
} as const;
type Theme = { readonly [part in keyof (typeof THEMES)['light']]: string };

const ICON_PIXELS = 24;
const LINE_PIXELS = 17;
/** A box that is narrower has its icon above its title. */
const NARROW_PIXELS = 80;

/** @returns an SVG document. */
export function drawDiagram(diagram: Diagram, theme: Theme): string {
  const [width, height] = diagram.size;
  const parts = [
    ...diagram.places.map(drawPlace),
    ...diagram.arrows.map((arrow) => drawArrow(diagram, arrow)),
    ...Object.values(diagram.nodes).map(drawNode),
    ...diagram.labels.map(({ text, at: [x, y] }) => `<text class="label" x="${x}" y="${y}">${escapeXml(text)}</text>`),
  ];
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>Architecture of the log distributor</title>`,
    `<style>${styleOf(theme)}</style>`,
    `<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse" markerUnits="userSpaceOnUse"><path d="M0 0L8 4L0 8z"/></marker></defs>`,
    ...parts,
    '</svg>',
  ].join('\n')}\n`;
}

/** A line of text in a box. */
interface Line {
  readonly text: string;
  readonly kind: 'title' | 'line' | 'small';
  /** The left end of the baseline; of `small`, its middle. */
  readonly at: Point;
}

/** The title of a box and the lines below it. */
export function linesOf({ title, lines, at: [x, y, width, height] }: Node): Line[] {
  if (width < NARROW_PIXELS) return [{ text: title, kind: 'small', at: [x + width / 2, y + height - 14] }];
  const first = y + height / 2 - (lines.length * LINE_PIXELS) / 2 + 5;
  const left = x + 12 + ICON_PIXELS + 9;
  return [title, ...lines].map((text, at) => ({
    text,
    kind: at === 0 ? 'title' : 'line',
    at: [left, first + at * LINE_PIXELS],
  }));
}

/** The corners of an arrow, from its tail to its head. */
export function arrowPoints(diagram: Diagram, { from, to, along, bend }: Diagram['arrows'][number]): Point[] {
  const start = sideOf(diagram, from);
  const goal = sideOf(diagram, to);
  if (start.vertical) {
    const x = along ?? start.at[0];
    return [
      [x, start.at[1]],
      [x, goal.at[1]],
    ];
  }
  const y = along ?? start.at[1];
  if (bend === undefined) {
    return [
      [start.at[0], y],
      [goal.at[0], y],
    ];
  }
  return [[start.at[0], y], [bend, y], [bend, goal.at[1]], goal.at];
}

function sideOf({ nodes }: Diagram, name: string): { readonly at: Point; readonly vertical: boolean } {
  const [id = '', side] = name.split('.');
  const node = nodes[id];
  if (!node) throw new Error(`an arrow names the box ${id}, which there is not`);
  const [x, y, width, height] = node.at;
  if (side === 'top' || side === 'bottom') {
    return { at: [x + width / 2, side === 'top' ? y : y + height], vertical: true };
  }
  return { at: [side === 'left' ? x : x + width, y + height / 2], vertical: false };
}

function drawArrow(diagram: Diagram, arrow: Diagram['arrows'][number]): string {
  const path = arrowPoints(diagram, arrow).map(([x, y]) => `${x} ${y}`);
  const tail = arrow.heads === 'both' ? ' marker-start="url(#head)"' : '';
  return `<path class="arrow" d="M${path.join('L')}" marker-end="url(#head)"${tail}/>`;
}

function drawPlace({ title, at: [x, y, width, height] }: Diagram['places'][number]): string {
  return [
    `<rect class="place" x="${x}" y="${y}" width="${width}" height="${height}" rx="12"/>`,
    `<text class="heading" x="${x + 18}" y="${y + 30}">${escapeXml(title)}</text>`,
  ].join('');
}

function drawNode(node: Node): string {
  const {
    icon,
    strong,
    at: [x, y, width, height],
  } = node;
  const narrow = width < NARROW_PIXELS;
  const left = narrow ? x + (width - ICON_PIXELS) / 2 : x + 12;
  const top = narrow ? y + 12 : y + (height - ICON_PIXELS) / 2;
  const on = strong ? ' on' : '';
  const texts = linesOf(node).map(
    ({ text, kind, at }) => `<text class="${kind}${on}" x="${at[0]}" y="${at[1]}">${escapeXml(text)}</text>`,
  );
  return [
    `<rect class="box${on}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>`,
    `<path class="icon${on}" d="${ICONS[icon]}" transform="translate(${left} ${top})"/>`,
    ...texts,
  ].join('');
}

function styleOf(theme: Theme): string {
  return [
    `text{font-family:-apple-system,BlinkMacSystemFont,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif;fill:${theme.text}}`,
    `.place{fill:${theme.place};stroke:${theme.placeLine}}`,
    `.box{fill:${theme.box};stroke:${theme.boxLine}}`,
    `.icon{fill:none;stroke:${theme.icon};stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}`,
    `.arrow{fill:none;stroke:${theme.arrow};stroke-width:1.5;stroke-linejoin:round}`,
    `marker path{fill:${theme.arrow}}`,
    '.heading{font-size:15px;font-weight:600}',
    '.title{font-size:14px;font-weight:600}',
    `.line,.label{font-size:12.5px;fill:${theme.muted}}`,
    '.small{font-size:12.5px;text-anchor:middle}',
    `.box.on{fill:${theme.strong};stroke:${theme.strong}}`,
    `.icon.on{stroke:${theme.strongText}}.title.on{fill:${theme.strongText}}.line.on{fill:${theme.strongMuted}}`,
  ].join('');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
