import { z } from 'zod';

/** What a person has to know of a setting, read from its schema: so that no list of settings can go stale. */
export type SettingReference = {
  name: string;
  /** As it would be written in the environment; undefined where there is none. */
  default: string | undefined;
  /** The service does not start without it. */
  isRequired: boolean;
  isSecret: boolean;
  /** What may be set, in the words with which a start refuses anything else. */
  values: string;
  purpose: string;
};

/** No setting takes it but those that take any text. */
const NONSENSE = '\u0000';

export const referenceOf = (shape: z.ZodRawShape): SettingReference[] =>
  Object.entries(shape).map(([name, setting]) => {
    const unset = z.safeParse(setting, undefined);
    const { description = '', secret } = z.globalRegistry.get(setting) ?? {};
    return {
      name,
      default: unset.success ? inEnvironment(unset.data) : undefined,
      isRequired: !unset.success,
      isSecret: secret === true,
      values: valuesOf(setting),
      purpose: description,
    };
  });

function inEnvironment(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.join(',') : String(value);
}

function valuesOf(setting: z.core.$ZodType): string {
  const [issue] = z.safeParse(setting, NONSENSE).error?.issues ?? [];
  return issue?.message.replace(/^must be /, '') ?? 'any text';
}
