/** The picture of a value per pair: a colour per pair, and a scale. */
import { userError } from '../diagnostics/diagnostic.ts';
import { scaleColor } from './palette.ts';
import { gridOf, sheet, type Caption, type Grid, type LegendEntry } from './sheet.ts';
import { lengthOf, sideOf, type Side } from './side.ts';
import { factor, grouped, num, pathAt, rectAt, share, textAt, type ThemeName } from './svg.ts';

const LEVELS = 32;
/** Characters of path data; beyond it neighbouring pairs share a cell. */
const MOST_DETAIL = 220_000;

export interface MapRange {
  /** Least and greatest finite value at a kept pair. */
  readonly least: number;
  readonly greatest: number;
  /** Kept pairs whose value is no finite number. */
  readonly odd: number;
  readonly kept: number;
}

/** NaN stands for pairs that are not kept, so `kept` tells them from values that are NaN. */
export function rangeOfMap(values: Float64Array, kept: Uint8Array): MapRange {
  let [least, greatest, odd, count] = [Infinity, -Infinity, 0, 0];
  values.forEach((x, n) => {
    if (kept[n] !== 1) return;
    count++;
    if (!Number.isFinite(x)) odd++;
    else {
      least = Math.min(least, x);
      greatest = Math.max(greatest, x);
    }
  });
  return { least, greatest, odd, kept: count };
}

export const SCALES = ['linear', 'log'] as const;
export type ScaleName = (typeof SCALES)[number];

/** A logarithmic scale shows this part of the greatest value and more. */
const LOG_REACH = 1e-4;

/** From values to 0 … 1, and back for the labels. */
interface Scale {
  readonly name: ScaleName;
  readonly at: (x: number) => number;
  readonly value: (at: number) => number;
}

function scaleOf(r: MapRange, name: ScaleName): Scale {
  if (name === 'log') {
    const from = Math.max(r.least, r.greatest * LOG_REACH);
    const span = Math.log(r.greatest / from);
    return {
      name,
      at: (x) => (span > 0 ? Math.log(Math.max(x, from) / from) / span : 1),
      value: (at) => from * Math.exp(span * at),
    };
  }
  // Values that are never negative are measured from 0.
  const from = r.least >= 0 ? 0 : r.least;
  const span = r.greatest - from;
  return { name, at: (x) => (span > 0 ? (x - from) / span : 1), value: (at) => from + span * at };
}

/** Per cell of `block` × `block` pairs the level of its greatest value; -1 where nothing is kept, -2 where it is no number. */
function levelsOf(m: MapData, scale: Scale, block: number) {
  const width = lengthOf(m.cols);
  const [w, h] = [Math.ceil(width / block), Math.ceil(lengthOf(m.rows) / block)];
  const levels = new Int8Array(w * h).fill(-1);
  m.values.forEach((x, n) => {
    if (m.kept[n] !== 1) return;
    const cell = Math.floor(Math.floor(n / width) / block) * w + Math.floor((n % width) / block);
    if (!Number.isFinite(x)) levels[cell] = -2;
    else if (levels[cell] !== -2)
      levels[cell] = Math.max(levels[cell]!, Math.min(LEVELS - 1, Math.floor(scale.at(x) * LEVELS)));
  });
  return { levels, w, h };
}

/** Runs of equal cells per level, as strokes of one cell's height. */
function strokes(levels: Int8Array, w: number, h: number): Map<number, string> {
  const parts = new Map<number, { text: string[]; x: number; y: number }>();
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w;) {
      const level = levels[y * w + x]!;
      let end = x + 1;
      while (end < w && levels[y * w + end] === level) end++;
      const p = parts.get(level) ?? { text: [], x: 0, y: 0 };
      parts.set(level, p);
      p.text.push(`m${x - p.x} ${y - p.y}h${end - x}`);
      [p.x, p.y] = [end, y];
      x = end;
    }
  return new Map([...parts].map(([level, { text }]) => [level, text.join('')]));
}

const levelColor = (level: number): string => scaleColor((level + 0.5) / LEVELS);

function cells(m: MapData, scale: Scale, g: Grid) {
  const longest = Math.max(lengthOf(g.cols), lengthOf(g.rows));
  // A cell below a pixel shows nothing, so it stands for several pairs.
  for (let block = Math.max(1, Math.ceil(1 / Math.min(g.sx, g.sy))); ; block *= 2) {
    const { levels, w, h } = levelsOf(m, scale, block);
    const paths = strokes(levels, w, h);
    let length = 0;
    for (const [level, d] of paths) if (level !== -1) length += d.length;
    if (length <= MOST_DETAIL || block >= longest) return { paths, block };
  }
}

function body(paths: ReadonlyMap<number, string>, block: number, g: Grid): string {
  const colored = [...paths].filter(([level]) => level !== -1).sort(([a], [b]) => a - b);
  const [sx, sy] = [factor(g.sx * block), factor(g.sy * block)];
  return [
    '<clipPath id="grid">' + `<rect width="${num(g.width)}" height="${num(g.height)}"/></clipPath>`,
    `<rect width="${num(g.width)}" height="${num(g.height)}" class="skipped"/>`,
    `<g clip-path="url(#grid)"><g transform="translate(0 ${num((g.sy * block) / 2)}) scale(${sx} ${sy})" fill="none" shape-rendering="crispEdges">`,
    ...colored.map(([level, d]) =>
      level === -2 ? pathAt(d, 'alarm" stroke-width="1') : `<path stroke="${levelColor(level)}" d="${d}"/>`,
    ),
    '</g></g>',
  ].join('\n');
}

/** Few digits, but enough to tell values apart. */
export const shortNumber = (x: number): string => {
  if (x === 0) return '0';
  const size = Math.abs(x);
  return size >= 1e-3 && size < 1e5 ? String(Number(x.toPrecision(3))) : x.toExponential(1);
};

function scaleBar(scale: Scale): LegendEntry {
  const steps = Array.from({ length: LEVELS }, (_, n) => n);
  return {
    label: '',
    own: {
      height: 52,
      draw: (x, y, width) => {
        const step = width / LEVELS;
        const ends = [0, 0.5, 1].map((at) => shortNumber(scale.value(at)));
        return [
          '<g shape-rendering="crispEdges">',
          ...steps.map(
            (n) =>
              `<rect x="${num(x + n * step)}" y="${num(y)}" width="${num(step + 0.5)}" height="18" fill="${levelColor(n)}"/>`,
          ),
          '</g>',
          textAt(x, y + 34, ends[0]!, { kind: 'small muted' }),
          textAt(x + width / 2, y + 34, ends[1]!, { kind: 'small muted', anchor: 'middle' }),
          textAt(x + width, y + 34, ends[2]!, { kind: 'small muted', anchor: 'end' }),
        ].join('');
      },
    },
  };
}

function entries(name: string, r: MapRange, scale: Scale, total: number, block: number): LegendEntry[] {
  const known = r.odd < r.kept;
  return [
    { label: `Value of ${name}`, kind: 'head', ...(scale.name === 'log' ? { value: 'logarithmic' } : {}) },
    ...(known ? [scaleBar(scale)] : []),
    { swatch: (x, y) => rectAt(x, y, 18, 18, 'skipped'), label: 'not kept', value: grouped(total - r.kept) },
    ...(r.odd > 0 ? [{ label: 'not finite (black)', value: grouped(r.odd) }] : []),
    { label: 'Pairs', value: grouped(total), kind: 'head', space: 16 },
    { label: 'kept', value: share(r.kept, total) },
    ...(known
      ? [
          { label: 'least', value: shortNumber(r.least) },
          { label: 'greatest', value: shortNumber(r.greatest) },
        ]
      : []),
    ...(block > 1
      ? [{ label: `a cell is the greatest of ${block} × ${block} pairs`, kind: 'muted' as const, space: 12 }]
      : []),
  ];
}

export interface MapData {
  readonly name: string;
  readonly rows: Side;
  readonly cols: Side;
  /** Row-major. */
  readonly values: Float64Array;
  readonly kept: Uint8Array;
}

/**
 * SVG text.
 * @throws UserError E0740 for a logarithmic scale of values that are not positive
 */
export function mapPicture(
  m: MapData,
  r: MapRange,
  caption: Caption,
  theme: ThemeName,
  scaleName: ScaleName,
): string {
  if (scaleName === 'log' && (r.least < 0 || !(r.greatest > 0)))
    throw userError('E0740', `values of ${m.name} are not all positive, as a logarithmic scale needs`, {
      hint: '--scale linear',
    });
  const plain = (s: Side): Side => sideOf(s.names, s.extents, s.block, undefined);
  const g = gridOf(plain(m.rows), plain(m.cols));
  const scale = scaleOf(r, scaleName);
  const { paths, block } = cells(m, scale, g);
  return sheet(caption, g, body(paths, block, g), entries(m.name, r, scale, m.values.length, block), theme);
}
