import { commonConfig, readConfig } from '@saga/service-kit/config';
import { createHttpApp } from '@saga/service-kit/http-app';
import { createLogger } from '@saga/service-kit/logger';
import { createMetrics } from '@saga/service-kit/metrics';
import { passwordsFromEnvironment, serviceDatabaseUrl } from '@saga/tools/service-database-url';
import { serviceNames } from '@saga/tools/service-name';
import { describe, expect, it } from 'vitest';
import {
  base,
  containerOf,
  environmentOf,
  everything,
  kafka,
  labelsOf,
  named,
  required,
  services,
  shapeOf,
  workloads,
} from './cluster.fixture.ts';
import type { Container } from './manifest.ts';

const matches = (selector: Record<string, string>, labels: Record<string, string>) =>
  Object.entries(selector).every(([label, value]) => labels[label] === value);
const settingOf = ({ args }: Container, name: string): string | undefined =>
  args.find((arg) => arg.startsWith(`-c${name}=`))?.split('=')[1];

describe.each(services)('$name on Kubernetes', (service) => {
  const deployment = named('Deployment', service.name);
  const container = containerOf(deployment);
  const environment = environmentOf(container);

  it('listens on its own port, and is found there', () => {
    const settings = readConfig(shapeOf(service), environment);
    expect(settings.PORT).toBe(service.port);
    expect(settings.HOST).toBe('0.0.0.0');
    expect(container.ports).toMatchObject([{ name: 'http', containerPort: service.port }]);
    expect(named('Service', service.name).spec.ports).toMatchObject([{ port: service.port, targetPort: 'http' }]);
  });

  it('gets every setting that it must have, and none that it does not know', () => {
    expect(() => readConfig(shapeOf(service), environment)).not.toThrow();
    const ingredients = container.env.flatMap(({ value = '' }) =>
      [...value.matchAll(/\$\((\w+)\)/g)].map(([, of]) => of),
    );
    const known = [...Object.keys(shapeOf(service)), ...ingredients];
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
  });

  it('logs in to the database as the role that the migrations make', () => {
    const migrations = environmentOf(containerOf(named('Job', 'migrate')));
    const { name } = service;
    const role = serviceNames.find((each) => each === name);
    if (!role) throw new Error(`${name} is not among the services that are migrated`);
    const url = serviceDatabaseUrl(required(migrations, 'DATABASE_URL'), role, passwordsFromEnvironment(migrations));
    expect(environment.DATABASE_URL).toBe(url);
  });

  it('is asked for its health where it tells it', async () => {
    const metrics = createMetrics(service.name, () => 0);
    const logger = createLogger({ service: service.name, level: 'silent', secrets: [] });
    const app = await createHttpApp({
      service: service.name,
      logger,
      metrics,
      readiness: async () => ({ missing: [] }),
    });
    const { startupProbe, livenessProbe, readinessProbe } = container;
    for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
      expect(app.hasRoute({ method: 'GET', url: probe?.httpGet?.path ?? '' })).toBe(true);
      expect(probe?.httpGet?.port).toBe('http');
    }
    expect(startupProbe?.httpGet?.path).toBe('/health/live');
    expect(livenessProbe?.httpGet?.path).toBe('/health/live');
    expect(readinessProbe?.httpGet?.path).toBe('/health/ready');
    await app.close();
  });

  it('has time to stop: under ten seconds after nobody sends it requests any more', () => {
    const quietS = container.lifecycle?.preStop.sleep.seconds ?? 0;
    expect(deployment.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(quietS + 10);
  });

  it('may lose one replica at a time to maintenance', () => {
    expect(matches(named('PodDisruptionBudget', service.name).spec.selector.matchLabels, labelsOf(deployment))).toBe(
      true,
    );
  });

  it('lives in little memory', () => {
    expect(container.resources.limits.memory).toBe('256Mi');
  });
});

describe('the manifests', () => {
  it('find the pods that they mean, and no others', () => {
    for (const each of workloads)
      if (each.kind !== 'Job') expect(matches(each.spec.selector.matchLabels, labelsOf(each))).toBe(true);
    for (const { kind, metadata, spec } of everything.filter((each) => each.kind === 'Service')) {
      const found = workloads.filter((workload) => matches(spec.selector, labelsOf(workload)));
      expect(
        found.map((workload) => workload.metadata.name),
        `${kind} ${metadata.name}`,
      ).toHaveLength(1);
    }
    for (const each of everything.filter((each) => each.kind === 'StatefulSet'))
      expect(matches(named('Service', each.spec.serviceName).spec.selector, labelsOf(each))).toBe(true);
  });

  it('run nothing with rights that it does not need', () => {
    for (const workload of workloads) {
      expect(workload.spec.template.spec, workload.metadata.name).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      expect(containerOf(workload).securityContext, workload.metadata.name).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  it('live in one namespace', () => {
    expect(
      new Set(everything.filter(({ kind }) => kind !== 'Namespace').map(({ metadata }) => metadata.namespace)),
    ).toEqual(new Set(['metacoding']));
  });

  it('give PostgreSQL a connection for every place in every pool, also in the middle of a rollout', () => {
    const wanted = base
      .filter((each) => each.kind === 'Deployment')
      .map(({ metadata, spec }) => {
        const service = services.find(({ name }) => name === metadata.name);
        if (!service) throw new Error(`no service is called ${metadata.name}`);
        const { POOL_SIZE } = readConfig(
          shapeOf(service),
          environmentOf(containerOf(named('Deployment', service.name))),
        );
        return POOL_SIZE * (spec.replicas + spec.strategy.rollingUpdate.maxSurge);
      })
      .reduce((sum, each) => sum + each, 0);
    const reserved = 10; // superusers' and the migrations'
    const connections = Number(settingOf(containerOf(named('StatefulSet', 'postgres')), 'max_connections'));
    expect(connections).toBeGreaterThanOrEqual(wanted + reserved);
  });

  it('let the migrations set the password of every role', () => {
    const passwords = passwordsFromEnvironment(environmentOf(containerOf(named('Job', 'migrate'))));
    expect(Object.keys(passwords).sort()).toEqual([...serviceNames].sort());
    expect(services.map(({ name }) => name).sort()).toEqual([...serviceNames].sort());
  });
});

describe('Kafka on Kubernetes', () => {
  const statefulSet = named('StatefulSet', 'kafka');
  const broker = environmentOf(containerOf(statefulSet));
  const settings = services.map((service) =>
    readConfig(commonConfig(service.port), environmentOf(containerOf(named('Deployment', service.name)))),
  );

  it('comes up by one command: its namespace first, and its pods are found by their label', () => {
    expect(kafka[0]).toMatchObject({ kind: 'Namespace', metadata: { name: 'metacoding' } });
    expect(labelsOf(statefulSet)).toMatchObject({ app: 'kafka' });
  });

  it('is where every service looks for it, and tells them a name by which they find it', () => {
    const [{ port }] = named('Service', 'kafka').spec.ports;
    for (const { KAFKA_BROKERS } of settings) expect(KAFKA_BROKERS).toEqual([`kafka:${port}`]);
    const { name, namespace } = statefulSet.metadata;
    const pod = `${name}-0.${statefulSet.spec.serviceName}.${namespace}.svc`;
    expect(broker.KAFKA_ADVERTISED_LISTENERS).toBe(`PLAINTEXT://${pod}:${port}`);
  });

  it('leaves the topics to the services, which agree on their names and partitions', () => {
    expect(broker.KAFKA_AUTO_CREATE_TOPICS_ENABLE).toBe('false');
    expect(new Set(settings.map(({ TOPIC_PREFIX, PARTITIONS }) => `${TOPIC_PREFIX}${PARTITIONS}`)).size).toBe(1);
  });

  it('forgets every message before the inbox forgets that it was handled', () => {
    const retentionDays = Number(broker.KAFKA_LOG_RETENTION_HOURS) / 24;
    for (const { INBOX_DAYS } of settings) expect(INBOX_DAYS).toBeGreaterThan(retentionDays);
  });
});
