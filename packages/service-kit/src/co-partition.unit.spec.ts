import { describe, expect, test } from 'vitest';
import { coPartition } from './co-partition.ts';

const four = (): number[] => [0, 1, 2, 3];

describe('co-partitioned members of a group', () => {
  test('a member reads the same partition numbers of every topic', () => {
    const shares = coPartition(
      [
        { memberId: 'b', topics: ['y', 'x'] },
        { memberId: 'a', topics: ['x', 'y'] },
      ],
      four,
    );
    expect(Object.fromEntries(shares)).toEqual({ a: { x: [0, 2], y: [0, 2] }, b: { x: [1, 3], y: [1, 3] } });
  });

  test('a member beyond the number of partitions waits with none', () => {
    const members = ['a', 'b', 'c'].map((memberId) => ({ memberId, topics: ['x'] }));
    expect(coPartition(members, () => [0, 1]).get('c')).toEqual({});
  });

  test('a topic that only the new version knows is shared by members of the new version', () => {
    const shares = coPartition(
      [
        { memberId: 'new', topics: ['x', 'added'] },
        { memberId: 'old', topics: ['x'] },
      ],
      four,
    );
    expect(Object.fromEntries(shares)).toEqual({ new: { x: [0, 2], added: [0, 1, 2, 3] }, old: { x: [1, 3] } });
  });
});
