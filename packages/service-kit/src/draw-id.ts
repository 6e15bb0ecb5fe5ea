/** A request that drew an id which another took at the same moment draws again; so often that only a bug needs more. */
const MAX_DRAWS = 5;

/**
 * Inserts a thing under an id that the database draws.
 *
 * @param insert resolves to undefined where the drawn id was taken meanwhile; it throws where no other id would help.
 */
export async function drawId<Row>(insert: () => Promise<Row | undefined>): Promise<Row> {
  for (let draw = 1; draw <= MAX_DRAWS; draw += 1) {
    const inserted = await insert();
    if (inserted) return inserted;
  }
  throw new Error(`${MAX_DRAWS} ids were drawn, and each was taken at the same moment`);
}
