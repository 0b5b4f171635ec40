import type { Event } from './vrl.ts';

/** A container that writes, as far as its records depend on it. */
export interface Pod {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly podLabels: Readonly<Record<string, string>>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** How often the container was restarted; names its file. */
  readonly run: number;
}

export const POD: Pod = {
  namespace: 'acme-shop',
  pod: 'checkout-7d9c5b6f4-x2v8q',
  container: 'server',
  podLabels: { 'app.kubernetes.io/name': 'checkout', 'pod-template-hash': '7d9c5b6f4' },
  namespaceLabels: { 'kubernetes.io/metadata.name': 'acme-shop', 'log-distributor/tenant': 'acme-corp' },
  run: 0,
};

/** When the container runtime took the line, as it stands in the CRI log, and when Vector read it. */
export const RUNTIME_TIME = '2026-11-23T02:11:27.123456789Z';
export const INGEST_TIME = '2026-11-23T02:11:29.500Z';

export function logFile({ namespace, pod, container, run }: Pod): string {
  return `/var/log/pods/${namespace}_${pod}_0c1f7c0e-8f0f-4d0c-9f43-5f8f7f1c2b11/${container}/${run}.log`;
}

/**
 * The event that the kubernetes_logs source makes of a line, with the annotations that vector.yaml leaves on
 * (Vector's reference, kubernetes_logs, "Output data").
 */
export function podEvent(message: string, pod: Pod = POD, timestamp = RUNTIME_TIME): Event {
  return {
    file: logFile(pod),
    ingest_timestamp: INGEST_TIME,
    kubernetes: {
      container_name: pod.container,
      namespace_labels: pod.namespaceLabels,
      pod_labels: pod.podLabels,
      pod_name: pod.pod,
      pod_namespace: pod.namespace,
      pod_node_name: 'ip-10-0-1-17.ec2.internal',
    },
    message,
    source_type: 'kubernetes_logs',
    stream: 'stdout',
    timestamp,
  };
}
