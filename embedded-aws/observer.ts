/** Watches calls from within the cloud's process: for who must act at an exact moment of a call, or know how it ended. */
export interface CallObserver {
  /** The service has done what it was asked for, or refused it; its answer is not on its way yet. */
  executed(call: ObservedCall, status: number): void;
  /** The whole answer was handed to the network. It may be another than the service's own, where a fault rule says so. */
  answered(call: ObservedCall, status: number): void;
}

export interface ObservedCall {
  readonly requestId: string;
  readonly service: string;
  readonly action: string;
  /** Of the caller. */
  readonly account: string;
  /** ARN, as for fault rules. */
  readonly resource: string;
  /** Of an SDK, with what its AWS_SDK_UA_APP_ID says as `app/...`. */
  readonly userAgent: string;
  readonly body: Buffer;
}
