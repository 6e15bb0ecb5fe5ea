import { z } from 'zod';

/** Of the manifests' fields those that are held against the code; the rest is the API schemas' to judge. */
const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
});

const keyRef = z.looseObject({ name: z.string(), key: z.string() });
const variable = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z.looseObject({ secretKeyRef: keyRef.optional(), configMapKeyRef: keyRef.optional() }).optional(),
});

const probe = z.looseObject({
  httpGet: z.looseObject({ path: z.string(), port: z.union([z.string(), z.number()]) }).optional(),
});

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()).default([]),
  ports: z.array(z.looseObject({ name: z.string(), containerPort: z.int() })).default([]),
  env: z.array(variable).default([]),
  envFrom: z.array(z.looseObject({ configMapRef: z.looseObject({ name: z.string() }) })).default([]),
  resources: z.looseObject({ limits: z.looseObject({ memory: z.string() }) }),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  lifecycle: z.looseObject({ preStop: z.looseObject({ sleep: z.looseObject({ seconds: z.int() }) }) }).optional(),
  securityContext: z.looseObject({}),
});

const podTemplate = z.looseObject({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
  spec: z.looseObject({
    containers: z.tuple([container]),
    automountServiceAccountToken: z.boolean().optional(),
    enableServiceLinks: z.boolean().optional(),
    terminationGracePeriodSeconds: z.int().optional(),
    securityContext: z.looseObject({}),
  }),
});

const labelSelector = z.strictObject({ matchLabels: z.record(z.string(), z.string()) });

const deployment = z.looseObject({
  kind: z.literal('Deployment'),
  metadata,
  spec: z.looseObject({
    replicas: z.int(),
    selector: labelSelector,
    strategy: z.looseObject({ rollingUpdate: z.looseObject({ maxSurge: z.int() }) }),
    template: podTemplate,
  }),
});
const statefulSet = z.looseObject({
  kind: z.literal('StatefulSet'),
  metadata,
  spec: z.looseObject({ serviceName: z.string(), selector: labelSelector, template: podTemplate }),
});
const job = z.looseObject({ kind: z.literal('Job'), metadata, spec: z.looseObject({ template: podTemplate }) });

const service = z.looseObject({
  kind: z.literal('Service'),
  metadata,
  spec: z.looseObject({
    selector: z.record(z.string(), z.string()),
    ports: z.tuple([z.looseObject({ port: z.int(), targetPort: z.string() })]),
  }),
});
const podDisruptionBudget = z.looseObject({
  kind: z.literal('PodDisruptionBudget'),
  metadata,
  spec: z.looseObject({ selector: labelSelector }),
});
const configMap = z.looseObject({ kind: z.literal('ConfigMap'), metadata, data: z.record(z.string(), z.string()) });
/** `data` in base64, as Kubernetes has it. */
const secret = z.looseObject({ kind: z.literal('Secret'), metadata, data: z.record(z.string(), z.string()) });
const namespace = z.looseObject({ kind: z.literal('Namespace'), metadata });

export const manifest = z.discriminatedUnion('kind', [
  deployment,
  statefulSet,
  job,
  service,
  podDisruptionBudget,
  configMap,
  secret,
  namespace,
]);

export type Manifest = z.infer<typeof manifest>;
export type Container = z.infer<typeof container>;
export type Workload = Extract<Manifest, { spec: { template: unknown } }>;
export type Kind = Manifest['kind'];

export const isWorkload = (each: Manifest): each is Workload =>
  each.kind === 'Deployment' || each.kind === 'StatefulSet' || each.kind === 'Job';
