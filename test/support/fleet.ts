import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { FLEET } from '../../service/ledger/fleet-reports.ts';

/** A task says that it has read everything that is announced within the next hour. */
export async function reportAllRead(dynamo: Pick<DynamoDBClient, 'send'>, ledgerTable: string): Promise<void> {
  const ms = Date.now() + 3_600_000;
  const report = { at_ms: ms, every_ms: 1, counts_until_ms: ms, read_up_to_ms: ms, open: {} };
  const Item = { object: { S: FLEET }, delivery: { S: 'a-task' }, report: { S: JSON.stringify(report) } };
  await dynamo.send(new PutItemCommand({ TableName: ledgerTable, Item }));
}
