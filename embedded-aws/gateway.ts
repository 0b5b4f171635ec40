import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Calls } from './calls.ts';
import type { Faults } from './faults/faults.ts';
import type { Effect } from './faults/rule.ts';
import { AuthError, AwsError, DeniedError } from './http/aws-error.ts';
import type { HttpAnswer, HttpRequest } from './http/message.ts';
import { authError, deniedError, type Protocol, renderError, throttleError } from './http/protocol.ts';
import { type Authorization, parseAuthorization } from './http/signature.ts';
import { type Damage, readRequest, writeAnswer } from './http/transport.ts';
import { type AuthenticateDeps, accountOf, authenticate } from './identity/authenticate.ts';
import { authorizer } from './identity/authorize.ts';
import type { CallObserver, ObservedCall } from './observer.ts';
import { detectService } from './route.ts';
import type { Operation, Service, ServiceName } from './service.ts';

export interface GatewayDeps extends AuthenticateDeps {
  readonly services: ReadonlyMap<ServiceName, Service>;
  readonly faults: Faults;
  readonly calls: Calls;
  readonly observer: CallObserver | undefined;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly newRequestId: () => string;
  /** Something went wrong that no client is told of. */
  readonly onProblem: (problem: string) => void;
}

/** What becomes of one request. */
type Outcome =
  | { readonly kind: 'answer'; readonly answer: HttpAnswer; readonly damage?: Damage | undefined }
  | { readonly kind: 'reset' }
  /** The connection stays as it is. */
  | { readonly kind: 'silence' };

/**
 * One request after the other: read it, find its service, see which faults strike it, find out who asks and whether they
 * may, let the service do it, answer.
 */
export function createGateway(
  deps: GatewayDeps,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (incoming, response) => {
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    let request: HttpRequest;
    try {
      request = await readRequest(incoming, gone.signal);
    } catch (error) {
      // Too large: answered without reading the rest. Anything else: nobody is there any more.
      if (!(error instanceof AwsError)) return;
      response.once('finish', () => incoming.destroy());
      const refusal = renderError('s3', error, deps.newRequestId());
      return writeAnswer(response, refusal, { withBody: true, dateMs: deps.nowMs(), damage: undefined });
    }
    const exchange = await perform(deps, request, gone.signal);
    if (exchange.kind === 'reset') incoming.socket.resetAndDestroy();
    if (exchange.kind !== 'answer' || response.destroyed) return;
    const { dateMs, damage, call, answer } = exchange;
    if (call) response.once('finish', () => deps.observer?.answered(call, answer.status));
    await writeAnswer(response, answer, { withBody: request.method !== 'HEAD', dateMs, damage });
  };
}

async function perform(
  deps: GatewayDeps,
  request: HttpRequest,
  gone: AbortSignal,
): Promise<Outcome & { readonly dateMs: number; readonly call: ObservedCall | undefined }> {
  const requestId = deps.newRequestId();
  const route = detectService(request, deps.services);
  const { protocol } = route;
  let clockOffsetMs = 0;
  let account = '';
  let action = '';
  let call: ObservedCall | undefined;
  const end = (outcome: Outcome, counted: string) => {
    deps.calls.record({ service: route.name, action, account, outcome: gone.aborted ? 'gone' : counted });
    return { ...outcome, dateMs: deps.nowMs() + clockOffsetMs, call };
  };
  const refuse = (error: AwsError) => {
    const refusal = renderError(protocol, error, requestId);
    return end({ kind: 'answer', answer: stamped(refusal, protocol, requestId) }, error.code);
  };

  try {
    const authorization = parseAuthorization(request);
    const { service } = route;
    if (!service) throw new AwsError('UnknownOperationException', `This emulation has no service ${route.name}`, 404);
    account = authorization ? (accountOf(deps, authorization.accessKeyId) ?? '') : '';
    const region = authorization?.region ?? 'us-east-1';
    const operation = service.prepare(request, { account, region, baseUrl: baseUrl(request) });
    action = operation.action;

    const { resource } = operation;
    const { body, headers } = request;
    call = {
      requestId,
      service: service.name,
      action,
      account,
      resource,
      body,
      userAgent: headers['user-agent'] ?? '',
    };
    const contentEncoding = headers['content-encoding'] ?? 'identity';
    const called = { service: service.name, action, account, resource, contentEncoding };
    const struck = plan(deps.faults.strike(called), deps.random);
    clockOffsetMs = struck.clockOffsetMs;
    if (struck.latencyMs > 0) await delay(struck.latencyMs, undefined, { signal: gone, ref: false });
    const { before, after } = struck;
    if (before?.kind === 'reset') return end({ kind: 'reset' }, 'fault:reset');
    if (before?.kind === 'half-open') return end({ kind: 'silence' }, 'fault:half-open');
    if (before?.kind === 'throttle') return refuse(throttleError(protocol, service.name));
    if (before?.kind === 'error') return refuse(new AwsError(before.code, before.message, before.status));
    if (before?.kind === 'expired-token') {
      throw new AuthError('expired', 'The security token included in the request is expired');
    }

    const done = await execute(deps, request, { operation, authorization, requestId, clockOffsetMs, region });
    deps.observer?.executed(call, done.status);
    if (after?.kind === 'half-open') return end({ kind: 'silence' }, 'fault:half-open');
    if (after?.kind === 'reset') return end({ kind: 'reset' }, 'fault:reset');
    if (after?.kind === 'lose-answer') {
      const lost = renderError(
        protocol,
        new AwsError(after.code, 'A fault rule kept the answer.', after.status),
        requestId,
      );
      return end({ kind: 'answer', answer: stamped(lost, protocol, requestId) }, 'fault:lost');
    }
    const counted = done.status < 400 ? 'ok' : codeOf(done);
    return end({ kind: 'answer', answer: stamped(done, protocol, requestId), damage: struck.damage }, counted);
  } catch (error) {
    if (error instanceof AwsError) return refuse(error);
    if (error instanceof AuthError) return refuse(authError(protocol, error));
    if (error instanceof DeniedError) return refuse(deniedError(protocol, error));
    // A client that leaves while it is being delayed.
    if (gone.aborted) return end({ kind: 'silence' }, 'gone');
    deps.onProblem(`${route.name} ${action} failed: ${error instanceof Error ? error.stack : error}`);
    return refuse(new AwsError('InternalError', 'The emulation has a defect; its log says more.', 500));
  }
}

interface Execution {
  readonly operation: Operation;
  readonly authorization: Authorization | undefined;
  readonly requestId: string;
  readonly clockOffsetMs: number;
  readonly region: string;
}

async function execute(deps: GatewayDeps, request: HttpRequest, execution: Execution): Promise<HttpAnswer> {
  const { operation, authorization, requestId, clockOffsetMs, region } = execution;
  const nowMs = deps.nowMs();
  if (!authorization) throw new AuthError('missing', 'Request is missing Authentication Token');
  const caller = authenticate(deps, request, authorization, nowMs + clockOffsetMs);
  const authorize = authorizer({ caller, region, nowMs });
  for (const permission of operation.permissions) authorize.require(permission);
  return operation.run({ caller, requestId, nowMs, signal: request.signal, may: authorize.may });
}

interface Plan {
  readonly latencyMs: number;
  readonly clockOffsetMs: number;
  readonly damage: Damage | undefined;
  /** The first effect that keeps the call from being executed. */
  readonly before: Effect | undefined;
  /** The first one that takes its answer. */
  readonly after: Effect | undefined;
}

const QUIET: Plan = { latencyMs: 0, clockOffsetMs: 0, damage: undefined, before: undefined, after: undefined };
const BEFORE = new Set(['throttle', 'error', 'expired-token']);

/** Sorts the effects of all rules that strike; of those that exclude each other, the first rule's wins. */
function plan(effects: readonly Effect[], random: () => number): Plan {
  if (effects.length === 0) return QUIET;
  let latencyMs = 0;
  let clockOffsetMs = 0;
  let damage: Damage | undefined;
  for (const effect of effects) {
    if (effect.kind === 'latency') latencyMs += effect.ms + effect.jitterMs * random();
    else if (effect.kind === 'clock') clockOffsetMs += effect.offsetMs;
    else if (effect.kind === 'slow-body') damage = { ...damage, bytesPerSecond: effect.bytesPerSecond };
    else if (effect.kind === 'truncate-body') damage = { ...damage, truncateAfter: effect.bytes };
  }
  const breaks = (when: 'before' | 'after') => (effect: Effect) =>
    (effect.kind === 'reset' || effect.kind === 'half-open') && effect.when === when;
  return {
    latencyMs,
    clockOffsetMs,
    damage,
    before: effects.find((effect) => BEFORE.has(effect.kind) || breaks('before')(effect)),
    after: effects.find((effect) => effect.kind === 'lose-answer' || breaks('after')(effect)),
  };
}

function baseUrl(request: HttpRequest): string {
  return `http://${request.headers.host ?? 'localhost'}`;
}

function stamped({ status, headers, body }: HttpAnswer, protocol: Protocol, requestId: string): HttpAnswer {
  const ids =
    protocol === 's3' ? { 'x-amz-request-id': requestId, 'x-amz-id-2': requestId } : { 'x-amzn-requestid': requestId };
  return { status, headers: { ...headers, ...ids }, body };
}

/** The error code of an answer that an emulator behind us made. */
function codeOf({ status, body }: HttpAnswer): string {
  const text = Buffer.concat(body).toString();
  return /"__type":"(?:[^"]*#)?([^"]+)"/.exec(text)?.[1] ?? /<Code>([^<]+)<\/Code>/.exec(text)?.[1] ?? String(status);
}
