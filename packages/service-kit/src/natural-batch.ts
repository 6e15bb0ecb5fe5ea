/**
 * What arrives while the last batch is being worked on is the next batch. At low load a batch is one item and nothing
 * waits; at high load a commit, an fsync or a send is shared by hundreds.
 */
export type NaturalBatch<Item, Result> = {
  /** Resolves with this item's own result, rejects with its own error. */
  submit(item: Item): Promise<Result>;
  /** Items that wait for the next batch. */
  readonly waiting: number;
  /** Resolves when everything submitted so far has been worked on. */
  idle(): Promise<void>;
};

export type NaturalBatchOptions<Item, Result> = {
  maxBatch: number;
  /** Works on one batch at a time; a result per item, in the same order. */
  work: (items: readonly Item[]) => Promise<readonly Result[]>;
};

type Pending<Item, Result> = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void };

export function naturalBatch<Item, Result>(options: NaturalBatchOptions<Item, Result>): NaturalBatch<Item, Result> {
  let queue: Pending<Item, Result>[] = [];
  let running: Promise<void> | undefined;

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.slice(0, options.maxBatch);
      queue = queue.slice(options.maxBatch);
      await settle(batch);
    }
    running = undefined;
  }

  async function settle(batch: Pending<Item, Result>[]): Promise<void> {
    try {
      const results = await options.work(batch.map((pending) => pending.item));
      if (results.length !== batch.length)
        throw new Error(`${batch.length} items were worked on, with ${results.length} results`);
      batch.forEach((pending, index) => {
        pending.resolve(results[index] as Result);
      });
    } catch (error) {
      for (const pending of batch) pending.reject(error);
    }
  }

  return {
    submit: (item) =>
      new Promise<Result>((resolve, reject) => {
        queue.push({ item, resolve, reject });
        // One turn of the event loop lets requests that were read together be written together.
        running ??= new Promise<void>((next) => setImmediate(next)).then(drain);
      }),
    get waiting() {
      return queue.length;
    },
    idle: async () => {
      while (running) await running;
    },
  };
}
