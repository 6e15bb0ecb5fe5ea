import { expect, test } from 'vitest';
import { barChart } from './chart.ts';

const widthsOf = (svg: string) =>
  [...svg.matchAll(/<rect x="200" y="\d+" width="(\d+)"/g)].map(([, width]) => Number(width));

test('bars are to scale from zero, and a label is text, whatever it holds', () => {
  const bars = [
    { label: 'a < b & c', value: 100, low: 100, high: 100 },
    { label: 'half', value: 50, low: 40, high: 60 },
  ];
  const svg = barChart('Sagas', bars, String);
  const [whole = 0, half] = widthsOf(svg);
  expect(half).toBe(whole / 2);
  expect(svg).toContain('a &lt; b &amp; c');
  expect(svg, 'for who cannot see it').toContain('<title>Sagas</title>');
});

test('a chart of nothing is still a picture', () => {
  expect(barChart('Nothing', [], String)).toMatch(/^<svg .*<\/svg>\n$/s);
});
