import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { createTenantSts } from '../../aws/tenant-sts.ts';
import type { Delivery } from '../../core/delivery.ts';
import { untested } from '../../destination/kind.ts';
import { DEFAULT_KIND, kindOf, kindOfType } from '../../destination/kinds.ts';
import { type Step, timed, type Verdict } from '../../destination/step.ts';
import { EXIT_DONE, EXIT_TROUBLE, type ExitCode } from '../errors.ts';
import type { Context, Session } from '../session.ts';
import { existing } from '../tenants/commands.ts';
import { judge } from '../tenants/item.ts';
import { rejectedWarnings } from '../tenants/warnings.ts';
import type { Style } from '../terminal.ts';
import { roleOfCaller, templateParameters } from './policies.ts';
import { checkTrust, untestedTrust } from './trust.ts';

/** `tenants verify`: looks at everything that a delivery needs, and says how to fix what is not right. */

interface Options {
  readonly delivery?: string;
  readonly application: string;
}

interface Report {
  readonly tenant: string;
  readonly type: string;
  readonly steps: readonly Step[];
  /** The customer's template, and what to give it; both null where the item cannot be read. */
  readonly template: string | null;
  readonly template_parameters: Readonly<Record<string, string>> | null;
}

export function addVerify(tenants: Command, session: Session): void {
  const verify = tenants
    .command('verify')
    .argument('<tenant>', 'tenant id')
    .option('--delivery <type>', 'only this delivery, such as cloudwatch#audit')
    .option('--application <name>', 'value of {application} in the name of the log group', 'log-distributor-verify')
    .description('Checks what a delivery needs: item, trust, permissions. Writes one test event or object.')
    .addHelpText(
      'after',
      `
Where the name of the log group has placeholders, the event goes to a group with the application's name, and verify in place of
the others.
It must run as the distributor: in its container, or with DISTRIBUTOR_ROLE_ARN set and permission to assume that role.

Examples:
  log-distributor tenants verify acme
  log-distributor tenants verify acme --application checkout --json`,
    );
  session.run<Options>(verify, verifyTenant);
}

async function verifyTenant(context: Context, options: Options, [tenantId = '']: readonly string[]): Promise<ExitCode> {
  const items = await existing(context, tenantId, options.delivery);
  const all = options.delivery === undefined ? items : await existing(context, tenantId, undefined);
  const deliveries = all.flatMap((item) => judge(item, context.settings).delivery ?? []);
  const { settings, printer } = context;
  const clocks = { nowMs: () => performance.now(), epochMs: context.nowMs };
  const sts = createTenantSts(context.settings, { ...clocks, onAssume: () => {} });
  const { Arn: callerArn = '' } = await sts('GetCallerIdentity', {});
  const distributorArn = settings.distributorRoleArn ?? roleOfCaller(callerArn);
  printer.note(`as ${callerArn}`);
  const monotonicMs = () => performance.now();

  const reports: Report[] = [];
  for (const item of items) {
    const { delivery, problems, unknown } = judge(item, settings);
    const steps = [
      await timed('the item is valid', monotonicMs, () => itemVerdict(delivery, problems, unknown, deliveries)),
    ];
    if (delivery) {
      const trust = await checkTrust({ sts, distributorArn, newSecret: randomUUID, monotonicMs }, delivery);
      const kind = kindOf(delivery);
      const { session } = trust;
      const { application } = options;
      const deps = { place: settings, application, nowMs: context.nowMs, monotonicMs };
      const checked = session
        ? await kind.check({ ...deps, session }, delivery)
        : untested(kind, 'the role cannot be assumed');
      steps.push(...trust.steps, ...checked);
    } else {
      const why = 'the item is invalid';
      steps.push(...untestedTrust(why), ...untested(kindOfType(item.type) ?? DEFAULT_KIND, why));
    }
    reports.push({
      tenant: tenantId,
      type: String(item.type),
      steps,
      template: delivery ? `infra/customer/${kindOf(delivery).template}` : null,
      template_parameters: delivery ? templateParameters(delivery, distributorArn) : null,
    });
  }
  printer.result({ identity: callerArn, deliveries: reports }, (style) =>
    reports.map((report) => reportText(report, style)).join('\n'),
  );
  const right = reports.every(({ steps }) =>
    steps.every(({ outcome }) => outcome === 'ok' || outcome === 'not tested'),
  );
  return right ? EXIT_DONE : EXIT_TROUBLE;
}

function itemVerdict(
  delivery: Delivery | undefined,
  problems: readonly string[],
  unknown: readonly string[],
  deliveries: readonly Delivery[],
): Verdict {
  const ignored = unknown.length > 0 ? `; not known to the service: ${unknown.join(', ')}` : '';
  if (!delivery) {
    return {
      outcome: 'failed',
      detail: problems.join('; '),
      cause: 'the item breaks a rule of the tenant table',
      fix: {
        advice: 'fix the item: `log-distributor tenants get TENANT > item.yaml`, then `tenants put -f item.yaml`',
      },
    };
  }
  if (delivery.externalId === undefined) {
    return {
      outcome: 'finding',
      detail: `it has no external_id${ignored}`,
      cause: "without one, a tenant could name another tenant's role",
      fix: { advice: 'give the item an external_id that cannot be guessed, and give it to the customer (ExternalId)' },
    };
  }
  const [rejected] = rejectedWarnings(delivery, deliveries);
  if (rejected !== undefined) {
    return {
      outcome: 'finding',
      detail: `${rejected}${ignored}`,
      fix: { advice: 'add the delivery, or name another one in rejected_events' },
    };
  }
  return { outcome: 'ok', detail: `${delivery.enabled ? 'enabled' : 'disabled'}${ignored}` };
}

function reportText(report: Report, style: Style): string {
  const { tenant, type, steps, template, template_parameters: parameters } = report;
  const paint = { ok: style.good, finding: style.warn, failed: style.bad, 'not tested': style.dim };
  const width = Math.max(...steps.map(({ step }) => step.length));
  const lines = steps.flatMap(({ step, outcome, ms, detail, cause, fix }) => [
    `  ${paint[outcome](outcome.padEnd(10))}  ${step.padEnd(width)}  ${style.dim(`${ms} ms`.padStart(8))}  ${detail}`,
    ...(cause ? [`              cause: ${cause}`] : []),
    ...(fix ? [`              fix: ${fix.advice}`] : []),
    ...(fix?.statements ?? []).map((statement) => indent(JSON.stringify(statement, null, 2))),
  ]);
  const needed = parameters && steps.some(({ fix }) => fix?.statements);
  const deployment = needed
    ? [
        `  or have the customer deploy ${template} with`,
        `    ${Object.entries(parameters)
          .map(([name, value]) => `${name}=${value}`)
          .join(' ')}`,
      ]
    : [];
  return `${[style.bold(`${tenant}/${type}`), ...lines, ...deployment].join('\n')}\n`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '                ');
}
