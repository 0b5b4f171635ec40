import { buildApp } from 'fauxqs';
import type { HttpAnswer } from '../http/message.ts';

/**
 * fauxqs does SQS and SNS. It is called in this process, without a socket: its fastify application takes injected
 * requests, which is its documented way for tests, and cheaper than a second connection for every call.
 */
export interface Fauxqs {
  /** SQS. @param action such as `SendMessage` */
  json(action: string, region: string, body: unknown): Promise<HttpAnswer>;
  /** SNS. @param body the form */
  form(region: string, body: string | Buffer): Promise<HttpAnswer>;
  /** Ends long polls, too. */
  close(): Promise<void>;
}

/** Headers of its answers that are the gateway's business. */
const DROPPED = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
  'x-amz-id-2',
  'x-amz-request-id',
]);

export async function startFauxqs(): Promise<Fauxqs> {
  const app = buildApp({ logger: false });
  await app.ready();

  const post = async (region: string, service: string, headers: Record<string, string>, payload: string | Buffer) => {
    const result = await app.inject({
      method: 'POST',
      url: '/',
      // It takes the region, and only that, from the signature's scope.
      headers: {
        ...headers,
        authorization: `AWS4-HMAC-SHA256 Credential=x/20200101/${region}/${service}/aws4_request`,
      },
      payload,
    });
    const kept = Object.entries(result.headers).flatMap(([name, value]) =>
      value === undefined || DROPPED.has(name) ? [] : [[name, String(value)]],
    );
    return { status: result.statusCode, headers: Object.fromEntries(kept), body: [result.rawPayload] };
  };

  return {
    json: (action, region, body) => {
      const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` };
      return post(region, 'sqs', headers, JSON.stringify(body));
    },
    form: (region, body) => post(region, 'sns', { 'content-type': 'application/x-www-form-urlencoded' }, body),
    close: async () => {
      await app.close();
    },
  };
}
