import type { Estimate } from './model.ts';

/** Estimates side by side as a Markdown table, dollars a month. */
export function renderTable(estimates: readonly Estimate[]): string {
  const components = [...new Set(estimates.flatMap(({ lines }) => lines.map((line) => line.component)))];
  const cell = (estimate: Estimate, component: string) => {
    const line = estimate.lines.find((candidate) => candidate.component === component);
    return line ? dollars(line.usd) : '';
  };
  return [
    row(['', ...estimates.map((estimate) => estimate.design)]),
    row(['---', ...estimates.map(() => '---:')]),
    ...components.map((component) => row([component, ...estimates.map((estimate) => cell(estimate, component))])),
    row(['**The platform pays**', ...estimates.map((estimate) => `**${dollars(estimate.usd)}**`)]),
    row(['The tenants pay, together', ...estimates.map((estimate) => dollars(estimate.tenantsUsd))]),
  ].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function dollars(usd: number): string {
  return usd.toLocaleString('en-US', {
    maximumFractionDigits: usd < 10 ? 2 : 0,
    minimumFractionDigits: usd < 10 ? 2 : 0,
  });
}
