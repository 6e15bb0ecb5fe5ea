export type HeldPartitions = {
  /** Fetches nothing of a partition for a while; `resume` is what kafkajs' pause gave. */
  hold(resume: () => void): void;
  /** Now, all of them. */
  release(): void;
};

/** What was left waits for another replica, which takes its time to come: asking more often would only cost. */
const HOLD_MS = 3_000;

/** Partitions in which a message was left: they are tried again after a while, and whenever they are shared out anew. */
export function heldPartitions(): HeldPartitions {
  const held = new Map<NodeJS.Timeout, () => void>();
  return {
    hold: (resume) => {
      const timer = setTimeout(() => {
        held.delete(timer);
        resume();
      }, HOLD_MS);
      held.set(timer, resume);
    },
    release: () => {
      for (const [timer, resume] of held) {
        clearTimeout(timer);
        resume();
      }
      held.clear();
    },
  };
}
