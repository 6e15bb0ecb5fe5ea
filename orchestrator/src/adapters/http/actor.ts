/** Who acts, for the audit. There is no access control yet: nobody is known, only where the request came from. */
export const actorOf = (request: { ip: string }): string => `unauthenticated (${request.ip})`;
