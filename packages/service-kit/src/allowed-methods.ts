import type { HttpApp } from './http-app.ts';

/** Of a path, the methods that it has: Fastify itself looks a path up for one method at a time. */
export function allowedMethods(app: HttpApp): (path: string) => readonly string[] {
  const routes: { path: RegExp; method: string }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    for (const each of [method].flat()) routes.push({ path: patternOf(url), method: each });
  });
  return (path) => [...new Set(routes.flatMap((route) => (route.path.test(path) ? route.method : [])))].toSorted();
}

const patternOf = (url: string): RegExp => {
  const parts = url.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : RegExp.escape(part)));
  return new RegExp(`^${parts.join('/')}$`);
};
