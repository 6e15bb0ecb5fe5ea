import path from 'node:path';
import { balanceService } from '@saga/balance/app';
import { couponService } from '@saga/coupon/app';
import { deliveryService } from '@saga/delivery/app';
import { orchestratorService } from '@saga/orchestrator/app';
import { orderService } from '@saga/order/app';
import { platformService } from '@saga/platform/app';
import { productService } from '@saga/product/app';
import { commonConfig } from '@saga/service-kit/config';
import type { z } from 'zod';
import { readFolder, render } from './kustomize.ts';
import { type Container, isWorkload, type Kind, type Manifest, type Workload } from './manifest.ts';

/** What would run in a cluster of one machine, beside the code that it would run. */
const folder = import.meta.dirname;
export const root = path.resolve(folder, '..');
export const kafka = readFolder(path.join(folder, 'kafka'));
export const base = render(path.join(folder, 'base'));
export const everything = [...kafka, ...render(path.join(folder, 'overlays/minikube'))];
export const workloads = everything.filter(isWorkload);

type Service = { name: string; port: number; config: z.ZodRawShape };
export const services: readonly Service[] = [
  orchestratorService,
  orderService,
  productService,
  balanceService,
  couponService,
  deliveryService,
  platformService,
];
export const shapeOf = ({ port, config }: Service) => ({ ...commonConfig(port), ...config });

type Of<K extends Kind> = Extract<Manifest, { kind: K }>;

export function named<K extends Kind>(kind: K, name: string): Of<K> {
  const found = everything.find((each): each is Of<K> => each.kind === kind && each.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

export const containerOf = ({ spec }: Workload): Container => spec.template.spec.containers[0];
export const labelsOf = ({ spec }: Workload) => spec.template.metadata.labels;

/** What the process will see: references looked up, `$(NAME)` replaced by what stands before it, as Kubernetes does. */
export function environmentOf(container: Container): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { configMapRef } of container.envFrom) Object.assign(env, named('ConfigMap', configMapRef.name).data);
  for (const { name, value, valueFrom } of container.env) {
    if (valueFrom?.secretKeyRef) {
      const { data } = named('Secret', valueFrom.secretKeyRef.name);
      env[name] = Buffer.from(required(data, valueFrom.secretKeyRef.key), 'base64').toString();
    } else if (valueFrom?.configMapKeyRef) {
      env[name] = required(named('ConfigMap', valueFrom.configMapKeyRef.name).data, valueFrom.configMapKeyRef.key);
    } else env[name] = (value ?? '').replaceAll(/\$\((\w+)\)/g, (_, other: string) => required(env, other));
  }
  return env;
}

/** @throws when what is referred to is not there. */
export function required(data: Record<string, string>, key: string): string {
  const value = data[key];
  if (value === undefined) throw new Error(`${key} is referred to and is not there`);
  return value;
}
