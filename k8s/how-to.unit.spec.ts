import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isTopic } from '@saga/messages/topics';
import { describe, expect, it } from 'vitest';
import { everything, root, services } from './cluster.fixture.ts';

describe('the how-to for minikube', () => {
  const howTo = readFileSync(path.join(root, 'docs/how-to/run-on-minikube.md'), 'utf8');
  const mentions = (pattern: RegExp) => [...howTo.matchAll(pattern)].map(([, word = '']) => word);

  it('names topics, files and objects that there are', () => {
    expect(mentions(/--topic ([\w-]+)/g).filter((topic) => !isTopic(topic))).toEqual([]);
    expect(mentions(/(k8s\/[\w/.-]+)/g).filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
    const objects = mentions(/\b((?:deployment|service|statefulset|job)\/\w+)/g);
    const known = everything.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`);
    expect(objects.filter((object) => !known.includes(object))).toEqual([]);
  });

  it('forwards to the ports of the services', () => {
    const forwards = mentions(/port-forward .*(service\/\w+ \d+)/g);
    expect(forwards).toContain('service/order 8081');
    const known = services.map(({ name, port }) => `service/${name} ${port}`);
    expect(forwards.filter((forward) => !known.includes(forward))).toEqual([]);
  });
});
