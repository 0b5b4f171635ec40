import { readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { drawDiagram, parseDiagram, THEMES } from './architecture.ts';

/** `npm run docs`: writes what is derived from something else. Tests hold the committed files against the same functions. */

const docs = new URL('../../docs/', import.meta.url);

const diagram = parseDiagram(parse(await readFile(new URL('images/architecture.yaml', docs), 'utf8')));
await writeFile(new URL('images/architecture-light.svg', docs), drawDiagram(diagram, THEMES.light));
await writeFile(new URL('images/architecture-dark.svg', docs), drawDiagram(diagram, THEMES.dark));
