import { loadDemoData } from '@saga/tools/demo-data';
import type { TestProject } from 'vitest/node';
import { installOn } from './installation.ts';
import { PLATFORM_SECRET, platformInbox } from './platform-inbox.ts';
import type { ServiceUrls } from './shop.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The system that all tests share which do not break it. */
    serviceUrls: ServiceUrls;
    databaseUrl: string;
    topicPrefix: string;
    /** Tells what the external platform was sent. */
    platformInbox: string;
  }
}

/** One system for all tests of a run, as `start` would bring it up, and the external platform beside it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const infrastructure = {
    postgresUrl: project.getProvidedContext().postgresUrl,
    kafkaBrokers: project.getProvidedContext().kafkaBrokers,
  };
  const inbox = await platformInbox();
  const installation = await installOn(infrastructure, {
    PLATFORM_WEBHOOK_URL: inbox.url,
    PLATFORM_WEBHOOK_SECRET: PLATFORM_SECRET,
  });
  const { product = '', balance = '', coupon = '' } = installation.urls;
  await loadDemoData({ product, balance, coupon });
  project.provide('serviceUrls', installation.urls);
  project.provide('databaseUrl', installation.databaseUrl);
  project.provide('topicPrefix', installation.topicPrefix);
  project.provide('platformInbox', inbox.url);
  return async () => {
    await installation.uninstall();
    await inbox.close();
  };
}
