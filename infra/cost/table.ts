import { OTHER_DESIGNS } from './elsewhere.ts';
import type { Design, Estimate } from './model.ts';
import { PRICES } from './prices.ts';

/** Estimates side by side as a Markdown table, dollars a month. */
export function renderTable(estimates: readonly Estimate[]): string {
  const components = [...new Set(estimates.flatMap(({ lines }) => lines.map((line) => line.component)))];
  const cell = (estimate: Estimate, component: string) => {
    const line = estimate.lines.find((candidate) => candidate.component === component);
    return line ? dollars(line.usd) : '';
  };
  const all = (title: string, text: (estimate: Estimate) => string) => row([title, ...estimates.map(text)]);
  return [
    all('', ({ design }) => design),
    all('---', () => '---:'),
    ...components.map((component) => all(component, (estimate) => cell(estimate, component))),
    all('**The platform pays**', ({ usd }) => `**${dollars(usd)}**`),
    all('for a GB, without storage', ({ usdPerGbWithoutStorage: usd }) => perGb(usd)),
    ...(estimates.some(({ tasks }) => tasks !== undefined) ? [all('tasks', ({ tasks }) => String(tasks ?? ''))] : []),
    all('The tenants pay, class STANDARD', ({ tenantsUsd }) => dollars(tenantsUsd.standard)),
    all('class INFREQUENT_ACCESS', ({ tenantsUsd: { infrequentAccess: usd } }) =>
      usd === undefined ? '' : dollars(usd),
    ),
    all('for a GB', ({ tenantsUsd: { infrequentAccess: usd }, messageGb }) =>
      usd === undefined ? '' : perGb(usd / messageGb),
    ),
  ].join('\n');
}

/** The designs that deliver from a bucket, and below them AWS's own features. */
export function renderTables(estimates: readonly Estimate[]): string {
  const others: readonly Design[] = OTHER_DESIGNS;
  const [ours, theirs] = [false, true].map((other) =>
    estimates.filter(({ design }) => others.includes(design) === other),
  );
  return [ours, theirs].map((some = []) => renderTable(some)).join('\n\n');
}

/** The price list as a Markdown table. */
export function renderPrices(): string {
  return [
    row(['US dollars', 'for', 'seen']),
    row(['---:', '---', '---']),
    ...Object.values(PRICES).map(({ usd, per, source, seen }) =>
      row([
        Number(usd.toPrecision(6)).toLocaleString('en-US', { maximumFractionDigits: 10 }),
        `[${per}](${source})`,
        seen ?? 'from memory',
      ]),
    ),
  ].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function perGb(usd: number): string {
  return usd.toFixed(4);
}

export function dollars(usd: number): string {
  return usd.toLocaleString('en-US', {
    maximumFractionDigits: usd < 10 ? 2 : 0,
    minimumFractionDigits: usd < 10 ? 2 : 0,
  });
}
