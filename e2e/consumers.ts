import { setTimeout as pause } from 'node:timers/promises';
import { serviceNames } from '@saga/tools/service-name';
import { AssignerProtocol } from 'kafkajs';
import { type Messaging, withAdmin } from './topics.ts';

/** Which topics each service listens to, by the word of its members; without the prefix. */
export type Subscription = { service: string; topics: string[] };

const POLL_MS = 100;

/** Waits until no group is being shared out: only then do all members say what they listen to. */
export const subscriptions = ({ topicPrefix, ...messaging }: Messaging): Promise<Subscription[]> =>
  withAdmin({ topicPrefix, ...messaging }, async (admin) => {
    for (;;) {
      const { groups } = await admin.describeGroups(serviceNames.map((service) => `${topicPrefix}${service}`));
      if (groups.every(({ state, members }) => state === 'Stable' && members.every(isKnown)))
        return groups.map(({ groupId, members }) => ({
          service: groupId.slice(topicPrefix.length),
          topics: [...new Set(members.flatMap(({ memberMetadata }) => topicsIn(memberMetadata)))].map((topic) =>
            topic.slice(topicPrefix.length),
          ),
        }));
      await pause(POLL_MS);
    }
  });

/** A member that is just joining has not said anything yet. */
const isKnown = ({ memberMetadata }: { memberMetadata: Buffer }): boolean => memberMetadata.length > 0;

const topicsIn = (metadata: Buffer): readonly string[] =>
  AssignerProtocol.MemberMetadata.decode(metadata)?.topics ?? [];

/** How many messages these services have not handled yet, as far as they have said. */
export const lagOf = (messaging: Messaging, all: readonly Subscription[]): Promise<number> =>
  withAdmin(messaging, async (admin) => {
    const prefixed = (topic: string) => messaging.topicPrefix + topic;
    const topics = [...new Set(all.flatMap((each) => each.topics))];
    const ends = new Map(
      await Promise.all(topics.map(async (topic) => [topic, await admin.fetchTopicOffsets(prefixed(topic))] as const)),
    );
    let lag = 0;
    for (const { service, topics } of all) {
      const committed = await admin.fetchOffsets({ groupId: prefixed(service), topics: topics.map(prefixed) });
      for (const { topic, partitions } of committed)
        for (const { partition, offset } of partitions) {
          const end = ends.get(topic.slice(messaging.topicPrefix.length))?.find((each) => each.partition === partition);
          lag += Number(end?.high ?? 0) - Math.max(Number(offset), Number(end?.low ?? 0));
        }
    }
    return lag;
  });

/** Makes every group read on from the beginning: nobody knows any more where it was. Its members must be stopped. */
export const rewind = (messaging: Messaging): Promise<unknown> =>
  withAdmin(messaging, (admin) => admin.deleteGroups(serviceNames.map((service) => messaging.topicPrefix + service)));
