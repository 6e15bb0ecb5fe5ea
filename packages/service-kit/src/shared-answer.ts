/** Asks at most once at a time and once per `holdsMs`: whoever asks meanwhile gets the same answer, or refusal. */
export function sharedAnswer<Answer>(
  ask: () => Promise<Answer>,
  holdsMs: number,
  now = () => performance.now(),
): () => Promise<Answer> {
  let last: { answer: Promise<Answer>; endedAt: number } | undefined;
  return () => {
    if (last && now() - last.endedAt < holdsMs) return last.answer;
    const asked = { answer: ask(), endedAt: Number.POSITIVE_INFINITY };
    last = asked;
    const end = (): void => {
      asked.endedAt = now();
    };
    asked.answer.then(end, end);
    return asked.answer;
  };
}
