export const ACKNOWLEDGED_BY_ALL = -1;
export const ACKNOWLEDGE_TIMEOUT_MS = 8_000;
