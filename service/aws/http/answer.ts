import type { Head } from './exchange.ts';

/** Answers of AWS that are no success, as the SDK throws them: under AWS's own name, with the status and the request's id. */
export class AwsError extends Error {
  readonly $metadata: { readonly httpStatusCode: number; readonly requestId?: string };

  constructor(name: string, message: string, { status, headers }: Head) {
    super(message);
    this.name = name;
    const requestId = header(headers, 'x-amzn-requestid') ?? header(headers, 'x-amz-request-id');
    this.$metadata = { httpStatusCode: status, ...(requestId === undefined ? {} : { requestId }) };
  }
}

/** Of a protocol that speaks JSON. The name stands in a header or in the body, behind a namespace and before an address. */
export function errorOfJson(head: Head, text: string): AwsError {
  const said = readObject(text);
  const type = [header(head.headers, 'x-amzn-errortype'), said.__type, said.code].find(isFilled);
  const message = [said.message, said.Message].find((one) => typeof one === 'string');
  return new AwsError(plainName(type), message ?? `HTTP ${head.status}`, head);

  function plainName(name: string | undefined): string {
    return name?.split(':')[0]?.split('#').at(-1) || `HTTP ${head.status}`;
  }
}

/** Of S3 and of protocols that answer with XML, whose error may stand within others. */
export function errorOfXml(head: Head, text: string): AwsError {
  const name = elementOf(text, 'Code') || `HTTP ${head.status}`;
  const error = new AwsError(name, elementOf(text, 'Message') ?? `HTTP ${head.status}`, head);
  // What S3 says of a bucket elsewhere and of an archived object.
  const details = {
    Region: elementOf(text, 'Region') ?? header(head.headers, 'x-amz-bucket-region'),
    StorageClass: elementOf(text, 'StorageClass'),
    AccessTier: elementOf(text, 'AccessTier'),
  };
  return Object.assign(error, details);
}

/** The text of the first element of that name; undefined without one. For flat answers, whose names do not repeat. */
export function elementOf(xml: string, name: string): string | undefined {
  const [, content] = new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`).exec(xml) ?? [];
  return content === undefined ? undefined : unescaped(content);
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescaped(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** A proxy's page, or nothing, is an empty object: the status has to do. */
function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** The first value of a header; undefined without one. */
export function header(headers: Head['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
