import { spawnSync } from 'node:child_process';

const KUBECTL = 'kubectl';

/**
 * What kubectl makes of a kustomization's folder, in YAML; undefined where there is no kubectl.
 *
 * @throws Error with kubectl's own words.
 */
export function kubectlKustomize(folder: string): string | undefined {
  const { error, status, stdout, stderr } = spawnSync(KUBECTL, ['kustomize', folder], { encoding: 'utf8' });
  if (error && 'code' in error && error.code === 'ENOENT') return undefined;
  if (error) throw error;
  if (status !== 0 || stderr !== '') throw new Error(`${folder}: ${stderr.trim()}`);
  return stdout;
}
