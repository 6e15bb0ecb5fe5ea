/** What a database answers with, by the code that PostgreSQL would give it (packages/service-kit/src/faults.ts). */
export class DatabaseFault extends Error {
  override name = 'DatabaseFault';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
