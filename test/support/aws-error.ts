/** An error as the SDK throws it: a name, and the HTTP status among its metadata. */
export function awsError(name: string, status?: number, message = name): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}
