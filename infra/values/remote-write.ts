/** A workspace of Amazon Managed Service for Prometheus, as its remote-write URL names it. */
export interface Workspace {
  readonly region: string;
  readonly id: string;
}

const REMOTE_WRITE_URL =
  /^https:\/\/aps-workspaces\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/workspaces\/(ws-[0-9a-f-]+)\/api\/v1\/remote_write$/;

/** undefined where there is no URL, or where it is none of a workspace */
export function remoteWriteWorkspace(url: string | undefined): Workspace | undefined {
  const [, region, id] = REMOTE_WRITE_URL.exec(url ?? '') ?? [];
  return region === undefined || id === undefined ? undefined : { region, id };
}
