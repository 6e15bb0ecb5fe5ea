import path from 'node:path';
import type { ServiceName } from './service-name.ts';

/** Where the schemas and migrations of all services stand. */
export const prismaFolder = path.resolve(import.meta.dirname, '../../prisma');

export const schemaFile = (service: ServiceName): string => path.join(prismaFolder, service, 'schema.prisma');

export const migrationsFolder = (service: ServiceName): string => path.join(prismaFolder, service, 'migrations');

export const generatedFolder = (service: ServiceName): string => path.join(prismaFolder, service, 'generated');
