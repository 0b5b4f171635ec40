/**
 * How often a message may be received. The service gives a message up with a reason, and sends one anew that only waits, before the
 * queue's own redrive policy moves it without a word. Whoever makes the queue (infra/, local/provision/) takes its number from here.
 */

/** A message that has not failed is sent anew after so many receives. */
export const RENEW_AT_RECEIVES = 30;

/**
 * The net under messages that cannot be sent anew (no permission, a queue that takes none): at this receive the service makes them
 * dead letters, with the last reason.
 */
export const RECEIVES_MAX = 45;

/**
 * The least `maxReceiveCount` of the queue: SQS moves a message at the receive after so many. One more than the last one of ours, so
 * that a process which dies at that one leaves another try.
 */
export const MAX_RECEIVE_COUNT_MIN = RECEIVES_MAX + 1;

/** The `maxReceiveCount` that we give a queue. */
export const MAX_RECEIVE_COUNT = 50;
