/**
 * What a command does when a person runs it: an error is told in its one line, without a stack (`DEBUG=1` shows it),
 * and the exit code is 1, or another where 1 says something else. A file that is both library and command calls it below
 * `if (import.meta.main)`.
 */
export async function runProgram(main: () => Promise<void>, errorCode = 1): Promise<void> {
  try {
    await main();
  } catch (error) {
    const shown = error instanceof Error ? (process.env.DEBUG ? error.stack : error.message) : String(error);
    console.error(shown);
    process.exitCode = errorCode;
  }
}
