import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { type Manifest, manifest } from './manifest.ts';

/**
 * As much of kustomize as this folder uses, so that the manifests are held against the code also where there is no
 * kubectl; where there is one, a test compares the two. What it does not know, it refuses.
 */
const generator = z.strictObject({
  name: z.string(),
  behavior: z.literal('merge').optional(),
  literals: z.array(z.string().includes('=')),
  options: z.strictObject({ annotations: z.record(z.string(), z.string()) }).optional(),
});

const patchTarget = z.strictObject({ kind: z.string(), labelSelector: z.string().regex(/^[^=,]+=[^=,]+$/) });

const kustomization = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  namespace: z.string(),
  labels: z
    .tuple([z.strictObject({ pairs: z.record(z.string(), z.string()), includeTemplates: z.literal(true) })])
    .optional(),
  resources: z.array(z.string()),
  images: z.array(z.strictObject({ name: z.string(), newTag: z.string() })).default([]),
  patches: z.array(z.strictObject({ path: z.string(), target: patchTarget.optional() })).default([]),
  configMapGenerator: z.array(generator).default([]),
  secretGenerator: z.array(generator).default([]),
});
type Kustomization = z.infer<typeof kustomization>;

/** A manifest before it is known whether it is whole: a base's lacks image tags, a patch is little more than a name. */
const resource = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
});
type Resource = z.infer<typeof resource>;

/** The manifests of a kustomization's folder, but for the hashes that kustomize appends to generated names. */
export const render = (folder: string): Manifest[] => resourcesOf(folder).map((each) => manifest.parse(each));

/** The manifests of a folder's files in the order of their names, as `kubectl apply -f <folder>` takes them. */
export const readFolder = (folder: string): Manifest[] =>
  readdirSync(folder)
    .sort()
    .flatMap((file) => readResources(path.join(folder, file)))
    .map((each) => manifest.parse(each));

function resourcesOf(folder: string): Resource[] {
  const settings = kustomization.parse(parse(readFileSync(path.join(folder, 'kustomization.yaml'), 'utf8')));
  let resources = settings.resources.flatMap((entry) => {
    const target = path.join(folder, entry);
    return entry.endsWith('.yaml') ? readResources(target) : resourcesOf(target);
  });
  for (const each of settings.configMapGenerator) resources = generate(resources, configMapOf(each), each.behavior);
  for (const each of settings.secretGenerator) resources = generate(resources, secretOf(each), each.behavior);
  for (const { path: file, target } of settings.patches) {
    for (const { metadata, ...patch } of readResources(path.join(folder, file)))
      resources = resources.map((each) =>
        isMeant(each, target ?? { kind: patch.kind, name: metadata.name }) ? merged(each, patch) : each,
      );
  }
  return resources.map((each) => placed(tagged(each, settings.images), settings));
}

const readResources = (file: string): Resource[] =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document) => resource.parse(document.toJS()));

type Generator = z.infer<typeof generator>;

const configMapOf = ({ name, literals, options }: Generator): Resource => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...options },
  data: Object.fromEntries(literals.map((literal) => split(literal))),
});

const secretOf = ({ name, literals, options }: Generator): Resource => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'Opaque',
  metadata: { name, ...options },
  data: Object.fromEntries(
    literals.map((literal) => split(literal)).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  ),
});

function split(literal: string): [name: string, value: string] {
  const at = literal.indexOf('=');
  return [literal.slice(0, at), literal.slice(at + 1)];
}

const generate = (resources: Resource[], generated: Resource, behavior: Generator['behavior']): Resource[] =>
  behavior === 'merge'
    ? resources.map((each) =>
        isMeant(each, { kind: generated.kind, name: generated.metadata.name }) ? merged(each, generated) : each,
      )
    : [...resources, generated];

function isMeant(
  { kind, metadata }: Resource,
  target: z.infer<typeof patchTarget> | { kind: string; name: string },
): boolean {
  if ('name' in target) return kind === target.kind && metadata.name === target.name;
  const [label = '', value] = target.labelSelector.split('=');
  return kind === target.kind && metadata.labels?.[label] === value;
}

/** Lists of named things are merged by name, other lists replaced: Kubernetes' strategic merge for what is used here. */
function merged<Tree>(tree: Tree, patch: unknown): Tree;
function merged(tree: unknown, patch: unknown): unknown {
  if (isObject(tree) && isObject(patch)) {
    const keys = new Set([...Object.keys(tree), ...Object.keys(patch)]);
    return Object.fromEntries([...keys].map((key) => [key, merged(tree[key], patch[key])]));
  }
  if (isNamedList(tree) && isNamedList(patch)) {
    const added = patch.filter(({ name }) => !tree.some((each) => each.name === name));
    const kept = tree.map((each) =>
      merged(
        each,
        patch.find(({ name }) => name === each.name),
      ),
    );
    return [...kept, ...added];
  }
  return patch === undefined ? tree : patch;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNamedList = (value: unknown): value is { name: unknown }[] =>
  Array.isArray(value) && value.every((each) => isObject(each) && 'name' in each);

function tagged<Tree>(tree: Tree, images: Kustomization['images']): Tree;
function tagged(tree: unknown, images: Kustomization['images']): unknown {
  if (Array.isArray(tree)) return tree.map((each) => tagged(each, images));
  if (!isObject(tree)) return tree;
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => {
      const image = images.find(({ name }) => key === 'image' && name === value);
      return [key, image ? `${image.name}:${image.newTag}` : tagged(value, images)];
    }),
  );
}

/** The namespace, and the labels that all have: pods and volume claims too. */
function placed(each: Resource, { namespace, labels }: Kustomization): Resource {
  const here = merged(each, { metadata: { namespace } });
  if (!labels) return here;
  const labelled = { metadata: { labels: labels[0].pairs } };
  const { template, volumeClaimTemplates } = isObject(here.spec) ? here.spec : {};
  const spec = {
    ...(isObject(template) && { template: labelled }),
    ...(Array.isArray(volumeClaimTemplates) && {
      volumeClaimTemplates: volumeClaimTemplates.map((claim) => merged(claim, labelled)),
    }),
  };
  return merged(here, { ...labelled, ...(isObject(here.spec) && { spec }) });
}
