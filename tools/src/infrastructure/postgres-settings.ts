/**
 * The settings of a PostgreSQL for one small machine; whatever decides about durability stays as PostgreSQL has it. The
 * cache holds the index pages that orders are written to while a million of them are remembered (docs/operations.md,
 * Space); its memory is taken only as it fills.
 */
export const POSTGRES_SETTINGS = ['shared_buffers=1GB', 'max_connections=300', 'max_wal_size=2GB'] as const;
