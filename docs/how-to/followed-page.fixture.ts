import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');

/** A copy of the repository in which somebody has done what a page says. */
export type FollowedPage = {
  /** The files that the page wrote or changed. */
  files: readonly string[];
  /** A program of the repository, by Node or from the workspace's own tools; rejects with what it printed. */
  run(program: string, ...args: string[]): Promise<string>;
  remove(): Promise<void>;
};

/**
 * Follows a page block by block: a `ts` block that begins with `// <file>` is a file, a `diff` block that begins with
 * `@@ <file> @@` changes one, a `sh` block is run; others are for the reader.
 *
 * @throws Error that names the block, where the repository is not any more what the page takes it for.
 */
export async function followPage(page: string): Promise<FollowedPage> {
  const copy = await copyOfRepository();
  const remove = () => rm(copy, { recursive: true, force: true });
  try {
    const files = new Set<string>();
    for (const block of blocksOf(await readFile(page, 'utf8'))) {
      const file = await carryOut(block, copy);
      if (file !== undefined) files.add(file);
    }
    await linkPackages(copy);
    return { files: [...files], run: (program, ...args) => run(copy, program, args), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Without what is large: the installed packages and everybody's data; the former are linked. */
async function copyOfRepository(): Promise<string> {
  const copy = await mkdtemp(path.join(tmpdir(), 'saga-how-to-'));
  const left = new Set(['node_modules', '.data', '.git'].map((name) => path.join(root, name)));
  await cp(root, copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !left.has(source) && !/node_modules\/\.|\/\.generating-/.test(source),
  });
  await symlink(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}

type Block = { language: string; lines: readonly string[] };

const blocksOf = (markdown: string): Block[] =>
  [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
    language,
    lines: text.split('\n').slice(0, -1),
  }));

/** @returns the file that was written or changed. */
async function carryOut({ language, lines }: Block, copy: string): Promise<string | undefined> {
  const [first = '', ...rest] = lines;
  if (language === 'sh') {
    await run(copy, 'sh', ['-euc', lines.join('\n')]);
    return undefined;
  }
  const [, file] = (language === 'diff' ? /^@@ (\S+) @@$/ : /^\/\/ (\S+\.ts)$/).exec(first) ?? [];
  if (file === undefined) return undefined;
  const target = path.join(copy, file);
  if (language === 'diff') await writeFile(target, changed(await readFile(target, 'utf8'), rest, file));
  else {
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, `${rest.join('\n')}\n`);
  }
  return file;
}

function changed(text: string, difference: readonly string[], file: string): string {
  const without = (sign: string) => difference.filter((line) => !line.startsWith(sign)).map((line) => line.slice(1));
  const parts = text.split(`${without('+').join('\n')}\n`);
  if (parts.length !== 2) throw new Error(`a change to ${file} has ${parts.length - 1} places there, not one`);
  return parts.join(`${without('-').join('\n')}\n`);
}

/** What `pnpm install` does where nothing new has to be fetched: links what the manifests ask for. */
async function linkPackages(copy: string): Promise<void> {
  const packages = await packagesIn(copy);
  const installed = (name: string) =>
    packages.map(({ folder }) => path.join(folder, 'node_modules', name)).find((link) => existsSync(link));
  for (const { folder, dependencies } of packages)
    for (const name of dependencies) {
      const link = path.join(folder, 'node_modules', name);
      if (existsSync(link)) continue;
      const target = packages.find((each) => each.name === name)?.folder ?? installed(name);
      if (target === undefined) throw new Error(`${folder} needs ${name}, which no other package has`);
      await mkdir(path.dirname(link), { recursive: true });
      await symlink(target, link);
    }
}

type Package = { folder: string; name: string; dependencies: readonly string[] };

async function packagesIn(copy: string): Promise<Package[]> {
  const parents = ['packages', 'services'].map((parent) => path.join(copy, parent));
  const nested = await Promise.all(
    parents.map(async (parent) => (await readdir(parent)).map((name) => path.join(parent, name))),
  );
  const folders = [...nested.flat(), ...['orchestrator', 'prisma', 'tools'].map((name) => path.join(copy, name))];
  return Promise.all(
    folders.map(async (folder) => {
      const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
      const { name, dependencies, devDependencies } = manifest;
      return { folder, name, dependencies: Object.keys({ ...dependencies, ...devDependencies }) };
    }),
  );
}

async function run(copy: string, program: string, args: readonly string[]): Promise<string> {
  const PATH = `${path.join(root, 'node_modules/.bin')}${path.delimiter}${process.env.PATH}`;
  // A test runner in a test: it must not take the outer one's settings for its own.
  const { VITEST: _vitest, NODE_ENV: _mode, ...env } = process.env;
  try {
    const { stdout } = await promisify(execFile)(program, [...args], { cwd: copy, env: { ...env, PATH } });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${[program, ...args].join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
