/** Who is asked for first: a broker fills its answer from there on, and stops where it is full. */
export type FairTurns<Position extends object> = {
  /** Those that were served last come last, so that none waits until others have nothing left. */
  inTurn(positions: readonly Position[]): Position[];
  served(positions: readonly Position[]): void;
};

export function fairTurns<Position extends object>(): FairTurns<Position> {
  let turn = 0;
  const servedIn = new WeakMap<Position, number>();
  return {
    inTurn: (positions) => positions.toSorted((a, b) => (servedIn.get(a) ?? 0) - (servedIn.get(b) ?? 0)),
    served: (positions) => {
      turn += 1;
      for (const position of positions) servedIn.set(position, turn);
    },
  };
}
