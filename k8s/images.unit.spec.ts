import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { containerOf, root, services, workloads } from './cluster.fixture.ts';

describe('the images', () => {
  const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8');
  const targetOf = (name: string): string => {
    const [, target] = dockerfile.split(`\nFROM runtime AS ${name}\n`);
    if (target === undefined) throw new Error(`the Dockerfile has no target ${name}`);
    return target.split('\nFROM ')[0] ?? target;
  };

  it.each(services)('$name: a target that runs its main file and exposes its port', ({ name, port }) => {
    const target = targetOf(name);
    const main = /CMD \["node", "(.+)"\]/.exec(target)?.[1] ?? '';
    expect(main).toBe(name === 'orchestrator' ? 'orchestrator/src/main.ts' : `services/${name}/src/main.ts`);
    expect(existsSync(path.join(root, main))).toBe(true);
    expect(target).toContain(`EXPOSE ${port}\n`);
  });

  it('are installed from the manifests of all packages that they are made of', () => {
    const folders = ['packages', 'services'].flatMap((parent) =>
      readdirSync(path.join(root, parent)).map((name) => `${parent}/${name}`),
    );
    for (const folder of [...folders, 'orchestrator', 'prisma', 'tools'])
      expect(dockerfile).toContain(`\nCOPY ${folder}/package.json ${folder}/\n`);
  });

  it('are those that the Dockerfile builds, or others of a pinned version', () => {
    for (const { image } of workloads.map(containerOf)) {
      const [, ours] = /^saga\/(\w+):dev$/.exec(image) ?? [];
      if (ours) targetOf(ours);
      else expect(image).toMatch(/^[\w/]+:\d+\.\d+(\.\d+)?$/);
    }
  });
});
