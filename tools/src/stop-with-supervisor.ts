/**
 * Loaded before a supervised program: when the channel to the supervisor breaks because that one was killed, the
 * program is asked to end, so that nothing is left running.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
