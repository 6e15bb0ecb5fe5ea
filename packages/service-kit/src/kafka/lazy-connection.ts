type Connectable = { connect(): Promise<void>; disconnect(): Promise<void> };

export type LazyConnection<Client> = {
  use<Result>(work: (client: Client) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
};

/**
 * Connects when first used, so that a service can start while its broker is away. Whatever fails, the connection is
 * thrown away and the next use makes a new one: no state that kafkajs may have got wrong outlives a fault.
 */
export function lazyConnection<Client extends Connectable>(create: () => Client): LazyConnection<Client> {
  let current: Promise<Client> | undefined;

  async function connect(): Promise<Client> {
    const client = create();
    try {
      await client.connect();
    } catch (error) {
      void discard(client);
      throw error;
    }
    return client;
  }

  return {
    use: async (work) => {
      current ??= connect();
      const mine = current;
      try {
        return await work(await mine);
      } catch (error) {
        if (current === mine) {
          current = undefined;
          void mine.then(discard, () => {});
        }
        throw error;
      }
    },
    close: async () => {
      const last = current;
      current = undefined;
      await last?.then(discard, () => {});
    },
  };
}

/** What cannot even be disconnected is left to the garbage collector; the fault before was already reported. */
const discard = (client: Connectable): Promise<void> => client.disconnect().catch(() => {});
