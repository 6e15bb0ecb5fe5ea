import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { messageOf } from '@saga/service-kit/faults';
import { PROBLEM_MEDIA_TYPE } from '@saga/service-kit/problem';
import { dataFolder } from './data-folder.ts';
import { runProgram } from './run-program.ts';
import { type StackAddresses, stackFileIn } from './stack-file.ts';

/** In what two services disagree, in a sentence that says what to do. */
export type Difference = { orderId: string | null; service: string; code: string; message: string };

type Page = { items: Difference[]; nextCursor: string | null };

/**
 * Asks an orchestrator, page by page, whether the sagas and the services' books agree. It may be at work meanwhile.
 *
 * @throws in a sentence where it cannot tell: the orchestrator, or a service that it asks, does not answer.
 */
export async function* reconcile(orchestratorUrl: string): AsyncGenerator<Difference> {
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: Page = await ask(`${orchestratorUrl}/reconciliation${cursor === '' ? '' : `?cursor=${cursor}`}`);
    yield* page.items;
    cursor = page.nextCursor;
  }
}

/** Longer than the orchestrator waits for the services. */
const ANSWER_LIMIT_MS = 60_000;

async function ask(url: string): Promise<Page> {
  const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
  const response = await fetch(url, { signal: limit }).catch((error: Error) => {
    const why = limit.aborted ? `no answer within ${ANSWER_LIMIT_MS / 1_000} s` : messageOf(error.cause ?? error);
    throw new Error(`not compared: ${url}: ${why}`);
  });
  if (!response.ok) throw new Error(`not compared: ${url} answered ${response.status}: ${await detailOf(response)}`);
  return response.json() as Promise<Page>;
}

/** A problem's sentence; whatever else answers there, as it is. */
async function detailOf(response: Response): Promise<string> {
  const body = await response.text();
  return response.headers.get('content-type') === PROBLEM_MEDIA_TYPE ? JSON.parse(body).detail : body;
}

const USAGE = `usage: pnpm reconcile [--data <folder>]
  compares the sagas with every service's books: of what was started here, or of the orchestrator at ORCHESTRATOR_URL
  --data  the folder that it was started with; goes before ORCHESTRATOR_URL
  exit code 0: they agree; 1: there are differences; 2: it could not be found out, the last line says why`;

const COULD_NOT_TELL = 2;

function readFlags() {
  try {
    return parseArgs({ options: { data: { type: 'string' } } }).values;
  } catch {
    throw new Error(USAGE);
  }
}

async function orchestratorUrl(data: string | undefined): Promise<string> {
  const { ORCHESTRATOR_URL: given } = process.env;
  if (data === undefined && given) {
    if (!/^https?:/.test(given) || !URL.canParse(given))
      throw new Error(`ORCHESTRATOR_URL is not an http URL: ${given}`);
    return given.replace(/\/+$/, '');
  }
  const folder = dataFolder(data);
  const file = await readFile(stackFileIn(folder), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    const ways =
      '`pnpm start` first, name its folder with --data, or say in ORCHESTRATOR_URL where an orchestrator answers';
    throw new Error(`nothing runs on ${folder}: ${ways}`);
  });
  return (JSON.parse(file) as StackAddresses).services.orchestrator.url;
}

if (import.meta.main)
  await runProgram(async () => {
    const { data } = readFlags();
    let differences = 0;
    for await (const { message } of reconcile(await orchestratorUrl(data))) {
      console.log(message);
      differences += 1;
    }
    console.log(differences === 0 ? 'the sagas and the services’ books agree' : `${differences} differences`);
    process.exitCode = differences === 0 ? 0 : 1;
  }, COULD_NOT_TELL);
