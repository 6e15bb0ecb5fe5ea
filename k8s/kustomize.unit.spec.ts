import path from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { kubectlKustomize } from './kubectl.ts';
import { render } from './kustomize.ts';
import { type Manifest, manifest } from './manifest.ts';

const overlay = path.join(import.meta.dirname, 'overlays/minikube');
const yaml = kubectlKustomize(overlay);

const byName = (manifests: readonly Manifest[]) =>
  Object.fromEntries(manifests.map((each) => [`${each.kind} ${each.metadata.name}`, each]));

it.skipIf(yaml === undefined)('our rendering, against which all else is tested, is that of kubectl', () => {
  const generated = /((?:settings|passwords)-[a-z0-9]{10})\b/g;
  const withoutHashes = (yaml ?? '').replaceAll(generated, (name) => name.slice(0, -'-0123456789'.length));
  const rendered = parseAllDocuments(withoutHashes).map((document) => manifest.parse(document.toJS()));
  expect(byName(render(overlay))).toEqual(byName(rendered));
});
