/** Whether containers can be started here: Docker, or what answers for it, is running and lets us in. */
export async function dockerIsReachable(): Promise<boolean> {
  try {
    const { getContainerRuntimeClient } = await import('testcontainers'); // half a second: loaded when it is needed
    await getContainerRuntimeClient();
    return true;
  } catch {
    return false; // it says so by throwing
  }
}
