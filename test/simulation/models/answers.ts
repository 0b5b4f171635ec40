/** The calls of a model: each is executed at once, and answers or throws as AWS does. */
export type Answers<Api> = {
  readonly [O in keyof Api]: Api[O] extends (input: infer I) => infer R ? (input: I) => R : never;
};

/** An error as the service's own calls throw it: under AWS's name, with the status. */
export function awsError(name: string, status: number, message = name): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}
