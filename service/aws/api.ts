import type * as Logs from '@aws-sdk/client-cloudwatch-logs';
import type * as Dynamo from '@aws-sdk/client-dynamodb';
import type * as S3 from '@aws-sdk/client-s3';
import type * as Sqs from '@aws-sdk/client-sqs';
import type * as Sts from '@aws-sdk/client-sts';

/**
 * The calls to AWS that the service makes, in the SDK's own shapes. These are types: whoever makes a call loads no SDK. Calls are
 * carried out by `http/`, or by the SDK (`sdk/`); the two behave the same.
 */

/** One operation: its input, and what comes back. */
type Operation<Input, Output> = (input: Input) => Omit<Output, '$metadata'>;

export interface DynamoApi {
  GetItem: Operation<Dynamo.GetItemCommandInput, Dynamo.GetItemCommandOutput>;
  UpdateItem: Operation<Dynamo.UpdateItemCommandInput, Dynamo.UpdateItemCommandOutput>;
  Query: Operation<Dynamo.QueryCommandInput, Dynamo.QueryCommandOutput>;
  Scan: Operation<Dynamo.ScanCommandInput, Dynamo.ScanCommandOutput>;
  BatchGetItem: Operation<Dynamo.BatchGetItemCommandInput, Dynamo.BatchGetItemCommandOutput>;
  /** Of a description without its dates, which only the SDK turns into a Date. */
  DescribeTable: (input: Dynamo.DescribeTableCommandInput) => {
    readonly Table?: Pick<
      Dynamo.TableDescription,
      'TableName' | 'TableArn' | 'TableStatus' | 'KeySchema' | 'AttributeDefinitions'
    >;
  };
}

export interface SqsApi {
  ReceiveMessage: Operation<Sqs.ReceiveMessageCommandInput, Sqs.ReceiveMessageCommandOutput>;
  DeleteMessageBatch: Operation<Sqs.DeleteMessageBatchCommandInput, BatchOutcome>;
  ChangeMessageVisibilityBatch: Operation<Sqs.ChangeMessageVisibilityBatchCommandInput, BatchOutcome>;
  SendMessage: Operation<Sqs.SendMessageCommandInput, Sqs.SendMessageCommandOutput>;
  SendMessageBatch: Operation<Sqs.SendMessageBatchCommandInput, BatchOutcome>;
  GetQueueAttributes: Operation<Sqs.GetQueueAttributesCommandInput, Sqs.GetQueueAttributesCommandOutput>;
}

/** Which entries of a batch were not taken; all others were. */
interface BatchOutcome {
  readonly Failed?: readonly Sqs.BatchResultErrorEntry[];
}

/** In a tenant's account. Batches of events go by a function of their own: `put-events.ts`. */
export interface LogsApi {
  PutLogEvents: Operation<Logs.PutLogEventsCommandInput, Logs.PutLogEventsCommandOutput>;
  CreateLogGroup: Operation<Logs.CreateLogGroupCommandInput, Logs.CreateLogGroupCommandOutput>;
  CreateLogStream: Operation<Logs.CreateLogStreamCommandInput, Logs.CreateLogStreamCommandOutput>;
  PutRetentionPolicy: Operation<Logs.PutRetentionPolicyCommandInput, Logs.PutRetentionPolicyCommandOutput>;
  DescribeLogGroups: Operation<Logs.DescribeLogGroupsCommandInput, Logs.DescribeLogGroupsCommandOutput>;
  GetLogEvents: Operation<Logs.GetLogEventsCommandInput, Logs.GetLogEventsCommandOutput>;
}

export interface StsApi {
  AssumeRole: Operation<Sts.AssumeRoleCommandInput, Pick<Sts.AssumeRoleCommandOutput, 'Credentials'>>;
  GetCallerIdentity: Operation<Sts.GetCallerIdentityCommandInput, Pick<Sts.GetCallerIdentityCommandOutput, 'Arn'>>;
}

/** What is written to S3, and listings. Objects are read by `get-object.ts`. */
export interface S3Api {
  ListObjectsV2: Operation<S3.ListObjectsV2CommandInput, S3.ListObjectsV2CommandOutput>;
  ListObjectVersions: (input: S3.ListObjectVersionsCommandInput) => Omit<
    S3.ListObjectVersionsCommandOutput,
    '$metadata' | 'Versions'
  > & {
    /** StorageClass is another enum there, with the same names. */
    readonly Versions?: readonly (Omit<S3.ObjectVersion, 'StorageClass'> & {
      readonly StorageClass?: S3._Object['StorageClass'];
    })[];
  };
  PutObject: Operation<S3.PutObjectCommandInput, S3.PutObjectCommandOutput>;
  CreateMultipartUpload: Operation<S3.CreateMultipartUploadCommandInput, S3.CreateMultipartUploadCommandOutput>;
  UploadPart: Operation<S3.UploadPartCommandInput, S3.UploadPartCommandOutput>;
  CompleteMultipartUpload: Operation<S3.CompleteMultipartUploadCommandInput, S3.CompleteMultipartUploadCommandOutput>;
  AbortMultipartUpload: Operation<S3.AbortMultipartUploadCommandInput, S3.AbortMultipartUploadCommandOutput>;
}

/** The key that signs receipts. Binary values are in base64, as JSON has them. */
export interface KmsApi {
  Sign: (input: {
    readonly KeyId: string;
    readonly Message: string;
    readonly MessageType: 'RAW';
    readonly SigningAlgorithm: string;
  }) => { readonly Signature?: string };
  GetPublicKey: (input: { readonly KeyId: string }) => {
    readonly PublicKey?: string;
    readonly SigningAlgorithms?: readonly string[];
  };
}

export interface CallOptions {
  /** Ends an exchange at once; the call then rejects with an AbortError, or with the signal's reason where none had begun. */
  readonly abortSignal?: AbortSignal;
}

/**
 * Makes a call.
 * @throws what AWS answers, under AWS's own name for it, with `$metadata`; what the network throws; a TimeoutError; an AbortError
 */
export type Call<Api> = <O extends keyof Api & string>(
  operation: O,
  input: Api[O] extends (input: infer Input) => unknown ? Input : never,
  options?: CallOptions,
) => Promise<Api[O] extends (input: never) => infer Output ? Output : never>;

/** Begins to watch an attempt at a call. @returns is told the `Date` header of its answer, whatever the answer says */
export type ObserveAnswer = () => (date: string | undefined) => void;
