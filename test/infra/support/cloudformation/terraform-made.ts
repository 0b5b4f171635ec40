import { pascalCase } from '../../../../infra/cloudformation/service-settings.ts';
import type { Synthesis } from '../synth.ts';
import { cidrBlocks } from './cidr.ts';
import type { StackPlace, Value } from './evaluate.ts';
import { type Made, OUTPUTS } from './made.ts';
import { EXTRA, TERRAFORM } from './terraform-table.ts';

type Members = Readonly<Record<string, Value>>;

/** What is about Terraform itself and not about the resource. */
const META = ['//', 'depends_on', 'lifecycle', 'provider', 'count', 'for_each'];

/** What a configuration would make, in CloudFormation's words. @throws Error for a type that the table lacks */
export function terraformMade(configuration: Synthesis, place: StackPlace): readonly Made[] {
  const all = new Map(
    configuration.all.map(([address, resource]) => [
      address,
      { type: address.split('.')[0] ?? '', resource: withoutMeta(resource as Members) },
    ]),
  );
  const resolve = createResolver(all, place);
  const made = new Map<string, Made>();
  const merges: { readonly into: string; readonly properties: Members }[] = [];
  for (const [address, { type, resource }] of all) {
    const translate = TERRAFORM[type];
    if (!translate) throw new Error(`${type} is not in the table of this test`);
    const resolved = resolve(resource) as Members;
    const translation = translate(resolved);
    if ('into' in translation) merges.push({ into: addressIn(translation.into), properties: translation.properties });
    else made.set(address, { address, ...translation });
    for (const [at, extra] of (EXTRA[type]?.(resolved, `<${address}#id>`) ?? []).entries()) {
      made.set(`${address}-${at}`, { address: `${address}-${at}`, ...extra });
    }
  }
  for (const { into, properties } of merges) {
    const target = made.get(into);
    if (!target) throw new Error(`there is no ${into}`);
    made.set(into, { ...target, properties: merge(target.properties, properties) });
  }
  const outputs = Object.entries(configuration.outputs).map(([name, value]) => [pascalCase(name), resolve(value)]);
  return [...made.values(), { address: 'terraform.outputs', type: OUTPUTS, properties: Object.fromEntries(outputs) }];
}

function withoutMeta(resource: Members): Members {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => !META.includes(name)));
}

/** Lists grow, so that rules of one group come together; everything else is set once. */
function merge(target: Members, more: Members): Members {
  const merged = { ...target };
  for (const [name, value] of Object.entries(more)) {
    const before = merged[name];
    merged[name] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
  }
  return merged;
}

function addressIn(reference: Value): string {
  const [, address] = /^<([\w-]+\.[\w-]+)#\w+>$/.exec(String(reference)) ?? [];
  if (address === undefined) throw new Error(`no reference: ${JSON.stringify(reference)}`);
  return address;
}

/** Puts in what Terraform would know by itself; what only AWS knows becomes `<type.name#attribute>`. */
function createResolver(
  all: ReadonlyMap<string, { readonly resource: Members }>,
  { accountId }: StackPlace,
): (value: Value) => Value {
  const text = (expression: string): string => {
    const attribute = /^(aws_\w+\.[\w-]+)\.(\w+)$/.exec(expression);
    if (attribute) {
      const [, address = '', name = ''] = attribute;
      const given = all.get(address)?.resource[name];
      // Some attributes are what the resource says itself; the name of a bucket is what its parts refer to.
      return typeof given === 'string' && name !== 'bucket' && !isName(address, name)
        ? String(resolve(given))
        : `<${address}#${name === 'bucket' ? 'id' : name}>`;
    }
    if (/^data\.aws_caller_identity\.\w+\.account_id$/.test(expression)) return accountId;
    const zone = /^element\(data\.aws_availability_zones\.\w+\.names, (\d+)\)$/.exec(expression);
    if (zone) return `<zone ${zone[1]}>`;
    const subnet = /^cidrsubnet\("([\d./]+)", (\d+), (\d+)\)$/.exec(expression);
    if (subnet) {
      const [, block = '', bits, at] = subnet;
      const hostBits = 32 - Number(block.split('/')[1]) - Number(bits);
      return cidrBlocks(block, Number(at) + 1, hostBits)[Number(at)] ?? '';
    }
    const subnet6 = /^cidrsubnet\((aws_vpc\.[\w-]+)\.ipv6_cidr_block, 8, (\d+)\)$/.exec(expression);
    if (subnet6) return `<block ${subnet6[2]} of /64>`;
    throw new Error(`an expression that this test does not know: ${expression}`);
  };
  const resolve = (value: Value): Value => {
    if (typeof value === 'string') {
      // `$${` is how Terraform writes a plain `${`.
      return value.replace(/\$\$\{|\$\{((?:[^{}"]|"[^"]*")+)\}/g, (_, expression: string | undefined) =>
        expression === undefined ? '${' : text(expression),
      );
    }
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object') return value;
    // Where every member must be there, null is none.
    const members = Object.entries(value).filter(([, member]) => member !== null);
    return Object.fromEntries(members.map(([key, member]) => [key, resolve(member)]));
  };
  return resolve;
}

/** References by name stay references, as what is merged into another finds it by them. */
function isName(address: string, name: string): boolean {
  return name === 'name' && /^aws_(ecs_cluster|ecr_repository|iam_role)\./.test(address);
}
