import { createHmac } from 'node:crypto';
import { type ServiceName, serviceNames } from './service-name.ts';

/** What the roles log in with, where it is not derived. */
export type Passwords = Partial<Record<ServiceName, string>>;

const passwordVariable = (service: ServiceName): string => `${service.toUpperCase()}_DB_PASSWORD`;

/** `ORDER_DB_PASSWORD` and the like: how an installation sets the roles' passwords itself. */
export function passwordsFromEnvironment(env: NodeJS.ProcessEnv): Passwords {
  const given = serviceNames.map((service) => [service, env[passwordVariable(service)]] as const);
  return Object.fromEntries(given.filter(([, password]) => password));
}

/** What a service may know: its own password stands in its URL, the others' are not its business. */
export function withoutPasswords(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const variables = serviceNames.map(passwordVariable);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !variables.includes(name)));
}

/**
 * The URL with which a service reaches its own schema. Without a given password it is derived from the
 * administrator's, so that every run, on any machine, comes to the same one and none has to be kept or reset.
 *
 * @throws Error when there is nothing to derive it from.
 */
export function serviceDatabaseUrl(adminUrl: string, service: ServiceName, passwords: Passwords = {}): string {
  const url = new URL(adminUrl);
  const password = passwords[service] ?? derivedPassword(decodeURIComponent(url.password), service);
  url.username = service;
  url.password = encodeURIComponent(password);
  return url.href;
}

function derivedPassword(adminPassword: string, service: ServiceName): string {
  if (adminPassword === '')
    throw new Error(
      `DATABASE_URL has no password to derive the services' from: add one, or set ${passwordVariable(service)} and its like`,
    );
  return createHmac('sha256', adminPassword).update(`role:${service}`).digest('base64url');
}
