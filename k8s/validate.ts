import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runProgram } from '@saga/tools/run-program';
import { kubectlKustomize } from './kubectl.ts';

/** Holds everything in k8s/, as it is applied, against the schemas of the Kubernetes API: `pnpm k8s:validate`. */

const VALIDATOR = 'kubernetes-validate==1.37.0';
/** The oldest that knows all that the manifests use (a pause as preStop), and the newest that the validator knows. */
const KUBERNETES_VERSIONS = ['1.30', '1.37'];

const folder = import.meta.dirname;
const environment = path.resolve(folder, '../.data', VALIDATOR.replace('==', '-'));

function run(command: string, args: readonly string[]): void {
  const { error, status } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) throw new Error(`${command} cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(`${path.basename(command)} ended with ${status}`);
}

/** Installed once, in Python's own manner, and kept. */
function validator(): string {
  const program = path.join(environment, 'bin/kubernetes-validate');
  if (existsSync(program)) return program;
  run('python3', ['-m', 'venv', environment]);
  run(path.join(environment, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', VALIDATOR]);
  return program;
}

const kustomizations = (): string[] => [
  'base',
  ...readdirSync(path.join(folder, 'overlays')).map((overlay) => path.join('overlays', overlay)),
];

/** Each kustomization rendered into a file, and the files that are applied as they are. */
function applied(rendered: string): string[] {
  const files = kustomizations().map((kustomization) => {
    const yaml = kubectlKustomize(path.join(folder, kustomization));
    if (yaml === undefined) throw new Error('kubectl is needed to render the kustomizations, and is not here');
    const file = path.join(rendered, `${kustomization.replace('/', '-')}.yaml`);
    writeFileSync(file, yaml);
    return file;
  });
  return [...files, ...readdirSync(path.join(folder, 'kafka')).map((file) => path.join(folder, 'kafka', file))];
}

await runProgram(async () => {
  const rendered = mkdtempSync(path.join(tmpdir(), 'saga-k8s-'));
  try {
    const files = applied(rendered);
    for (const version of KUBERNETES_VERSIONS)
      run(validator(), ['--strict', '--quiet', '--kubernetes-version', version, ...files]);
    console.log(`${files.length} files are valid for Kubernetes ${KUBERNETES_VERSIONS.join(' and ')}`);
  } finally {
    rmSync(rendered, { recursive: true });
  }
});
