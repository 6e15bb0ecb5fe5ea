export type Bar = { label: string; value: number; low: number; high: number };

const WIDTH = 720;
const LABEL_WIDTH = 200;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 18;
const ROW_HEIGHT = 26;
const TOP = 34;

/** Horizontal bars with their range as a thin line; to scale, from zero. */
export function barChart(title: string, bars: readonly Bar[], shown: (value: number) => string): string {
  const most = Math.max(...bars.map(({ high }) => high), Number.MIN_VALUE);
  const x = (value: number) => Math.round(LABEL_WIDTH + (value / most) * (WIDTH - LABEL_WIDTH - VALUE_WIDTH));
  const height = TOP + bars.length * ROW_HEIGHT + 6;
  const rows = bars.map(({ label, value, low, high }, index) => {
    const y = TOP + index * ROW_HEIGHT;
    const middle = y + BAR_HEIGHT / 2;
    return [
      `<text x="${LABEL_WIDTH - 8}" y="${middle + 4}" text-anchor="end">${escaped(label)}</text>`,
      `<rect x="${LABEL_WIDTH}" y="${y}" width="${x(value) - LABEL_WIDTH}" height="${BAR_HEIGHT}" fill="#4878a8"/>`,
      `<line x1="${x(low)}" x2="${x(high)}" y1="${middle}" y2="${middle}" stroke="#222"/>`,
      `<text x="${x(high) + 6}" y="${middle + 4}">${escaped(shown(value))}</text>`,
    ].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="13">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="8" y="20" font-weight="bold">${escaped(title)}</text>`,
    ...rows,
    '</svg>\n',
  ].join('\n');
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
