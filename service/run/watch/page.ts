import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';

/** A file of the page as it is sent. */
interface PageFile {
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

const SCRIPTS = [
  ...[
    'address',
    'chart',
    'dom',
    'head',
    'main',
    'overview',
    'problems',
    'reasons',
    'row',
    'runbook',
    'state',
    'tenants',
  ],
  ...['text', 'totals', 'trouble', 'usage', 'workers'],
];

/** The files of `page/`, by the path under which each is served. */
const FILES: readonly (readonly [path: string, file: string, contentType: string])[] = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page/page.css', 'page.css', 'text/css; charset=utf-8'],
  ...['icon', 'icon-warn', 'icon-bad'].map((name) => [`/page/${name}.svg`, `${name}.svg`, 'image/svg+xml'] as const),
  ...SCRIPTS.map((name) => [`/page/${name}.js`, `${name}.js`, 'text/javascript; charset=utf-8'] as const),
];

/**
 * The page may load what lies beside it and ask this endpoint, and nothing else: no other origin, no inline script or style, no
 * form, no frame around it; a script that would make markup of text is stopped by the browser.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // A page of the version before would not understand this one's figures.
  'cache-control': 'no-cache',
};

/** Serves the status page. Its files are read here, once. */
export function addPage(app: FastifyInstance): void {
  const files = FILES.map(([path, file, contentType]): PageFile => {
    return { path, contentType, body: readFileSync(new URL(`page/${file}`, import.meta.url), 'utf8') };
  });
  for (const { path, contentType, body } of files) {
    app.get(path, (_request, reply) => {
      reply.headers(PAGE_HEADERS).header('content-type', contentType).send(body);
    });
  }
}
