import path from 'node:path';

/** Where `start` keeps everything: in `.data` of this project unless it is told another folder. */
export const dataFolder = (given: string | undefined): string =>
  path.resolve(given ?? path.join(import.meta.dirname, '../../.data'));
