import { hash } from 'node:crypto';

/** What SQS says of the bodies that it got and gives: their MD5, which the SDK compares too. */

interface Sent {
  readonly MessageBody?: string;
  readonly Entries?: readonly { readonly Id?: string; readonly MessageBody?: string }[];
}

interface Answered {
  readonly Messages?: readonly { readonly MessageId?: string; readonly Body?: string; readonly MD5OfBody?: string }[];
  readonly MD5OfMessageBody?: string;
  readonly Successful?: readonly { readonly Id?: string; readonly MD5OfMessageBody?: string }[];
}

/** @throws when a message was received, or taken, with another body than was sent */
export function checkBodies(input: object, output: object): void {
  const { MessageBody, Entries } = input as Sent;
  const { Messages, MD5OfMessageBody, Successful } = output as Answered;
  for (const { MessageId, Body, MD5OfBody } of Messages ?? []) compare(Body, MD5OfBody, MessageId);
  compare(MessageBody, MD5OfMessageBody, 'that was sent');
  for (const { Id, MD5OfMessageBody: md5 } of Successful ?? [])
    compare(Entries?.find((entry) => entry.Id === Id)?.MessageBody, md5, Id);
}

function compare(body: string | undefined, md5: string | undefined, which: string | undefined): void {
  if (body === undefined || md5 === undefined) return;
  if (hash('md5', body, 'hex') !== md5)
    throw new Error(`the body of message ${which} does not have the MD5 that SQS says`);
}
