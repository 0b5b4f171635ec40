import type { ServerResponse } from 'node:http';
import type { Received } from './server.ts';

/** An answer of AWS as it travels. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The region of the bucket that S3's answers tell. */
export const BUCKET_REGION = 'eu-west-1';
export const REQUEST_ID = 'EMZH6M0NJJZVRAVT';

/** S3's, as its API reference has them. @param details elements beside code and message */
export function s3Answer(
  status: number,
  code: string,
  message: string,
  details: Readonly<Record<string, string>> = {},
  region = 'us-east-1',
): WireAnswer {
  const elements = Object.entries({
    Code: code,
    Message: message,
    ...details,
    RequestId: REQUEST_ID,
    HostId: 'h0stId=',
  });
  const inner = elements.map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`).join('');
  return {
    status,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': REQUEST_ID, 'x-amz-bucket-region': region },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${inner}</Error>`,
  };
}

/** Of the query protocol, which STS speaks. */
export function queryAnswer(status: number, code: string, message: string): WireAnswer {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`;
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': REQUEST_ID },
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${error}<RequestId>${REQUEST_ID}</RequestId></ErrorResponse>`,
  };
}

/** Of the JSON protocols: DynamoDB, SQS, CloudWatch Logs. @param type with its namespace, where the service sends one */
export function jsonAnswer(type: string, message: string, headers: Readonly<Record<string, string>> = {}): WireAnswer {
  return {
    status: 400,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': REQUEST_ID, ...headers },
    body: JSON.stringify({ __type: type, message }),
  };
}

/** Answers everything so. */
export function always({ status, headers, body }: WireAnswer) {
  return (_request: Received, response: ServerResponse): void => {
    response.writeHead(status, headers).end(body);
  };
}

/** Answers the calls of a JSON protocol by their operations. */
export function byOperation(answers: Readonly<Record<string, WireAnswer>>) {
  return ({ headers }: Received, response: ServerResponse): void => {
    const operation = String(headers['x-amz-target']).split('.').at(-1) ?? '';
    const { status, headers: sent, body } = answers[operation] ?? OK;
    response.writeHead(status, sent).end(body);
  };
}

const OK: WireAnswer = { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: '{}' };

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
