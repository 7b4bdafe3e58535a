/** The sheet around a grid of pairs: title, axes with ticks, separators, legend. */
import { coordinates, lengthOf, outerCuts, type Side } from './side.ts';
import { escapeXml, num, rectAt, styleSheet, textAt, wrapText, type ThemeName } from './svg.ts';

export interface Caption {
  readonly title: string;
  /** What the mechanism is, in a sentence. */
  readonly about?: string;
  /** Formulas, one per line. */
  readonly formulas: readonly string[];
  /** Sizes, params, batch point. */
  readonly facts: string;
  /** For readers who do not see the picture. */
  readonly description: string;
}

export interface Grid {
  readonly rows: Side;
  readonly cols: Side;
  /** Pixels per pair. */
  readonly sx: number;
  readonly sy: number;
  readonly width: number;
  readonly height: number;
}

const LARGEST = 640;
const SMALLEST = 72;
const MOST_PER_PAIR = 24;

/** Whole pixels per pair where there is room; long sides of thin grids are stretched so that they can be seen. */
export function gridOf(rows: Side, cols: Side): Grid {
  const [height, width] = [lengthOf(rows), lengthOf(cols)];
  const fit = Math.min(LARGEST / Math.max(height, width), MOST_PER_PAIR);
  const scale = fit >= 1 ? Math.floor(fit) : fit;
  const along = (n: number): number => (n * scale < SMALLEST ? Math.min(SMALLEST / n, MOST_PER_PAIR) : scale);
  const [sx, sy] = [along(width), along(height)];
  return { rows, cols, sx, sy, width: width * sx, height: height * sy };
}

/** Numbers along a side: positions of its tick marks with their labels. */
function ticks(s: Side, scale: number, room: number): { readonly at: number; readonly label: string }[] {
  const inner = s.extents.length > 1 ? s.extents.at(-1)! : 1;
  let step = 1;
  while (step * inner * scale < room) step *= 2;
  const count = Math.ceil(lengthOf(s) / inner / step);
  return Array.from({ length: count }, (_, n) => {
    const at = n * step * inner;
    const outer = coordinates(s, at);
    return { at, label: (inner > 1 || outer.length > 1 ? outer.slice(0, -1) : outer).join(',') };
  });
}

const axisLabel = (s: Side, what: string): string =>
  s.names.length === 0 ? what : s.names.length === 1 ? s.names[0]! : `(${s.names.join(', ')})`;

const PAD = 24;
const AXIS_X = 62;
const AXIS_Y = 46;
const GAP = 32;
const LEGEND = 236;
const MIN_TEXT = 400;
/** Widths of characters in the two fonts, on the safe side. */
const SANS = 7.4;
const MONO = 7.3;

function header(c: Caption, width: number): { readonly parts: string[]; readonly height: number } {
  const parts = [textAt(PAD, PAD + 16, c.title, { kind: 'title' })];
  let y = PAD + 16;
  const line = (text: string, kind: string): void => {
    y += 20;
    parts.push(textAt(PAD, y, text, { kind }));
  };
  if (c.about) for (const l of wrapText(c.about, width / SANS, 2)) line(l, 'muted');
  if (c.formulas.length > 0) y += 4;
  for (const f of c.formulas.slice(0, 4)) for (const l of wrapText(f, width / MONO, 3)) line(l, 'code');
  y += 2;
  for (const l of wrapText(c.facts, width / SANS, 2)) line(l, 'muted');
  return { parts, height: y + 14 };
}

function axes(g: Grid, x: number, y: number): string[] {
  const across = ticks(g.cols, g.sx, 34);
  const down = ticks(g.rows, g.sy, 22);
  const middle = (scale: number, s: Side): number =>
    s.extents.length > 1 ? 0 : Math.min(scale, MOST_PER_PAIR) / 2;
  const [mx, my] = [middle(g.sx, g.cols), middle(g.sy, g.rows)];
  const marks = [
    ...across.map((t) => `M${num(x + t.at * g.sx + mx)} ${num(y)}v-5`),
    ...down.map((t) => `M${num(x)} ${num(y + t.at * g.sy + my)}h-5`),
  ].join('');
  return [
    textAt(x + g.width / 2, y - 28, axisLabel(g.cols, 'columns'), { kind: 'axis', anchor: 'middle' }),
    textAt(x - 46, y + g.height / 2, axisLabel(g.rows, 'rows'), {
      kind: 'axis',
      anchor: 'middle',
      ...(axisLabel(g.rows, 'rows').length > 3 ? { turn: -90 } : {}),
    }),
    ...across.map((t) =>
      textAt(x + t.at * g.sx + mx, y - 9, t.label, { kind: 'small muted', anchor: 'middle' }),
    ),
    ...down.map((t) =>
      textAt(x - 9, y + t.at * g.sy + my + 4, t.label, { kind: 'small muted', anchor: 'end' }),
    ),
    `<path class="frame" d="${marks}"/>`,
  ];
}

/** Lines before positions of both sides, for cuts that are not too near each other. */
export function cutLines(g: Grid, rows: readonly number[], cols: readonly number[], least: number): string {
  const sparse = (cuts: readonly number[], n: number, pixels: number): boolean =>
    cuts.length > 0 && pixels / (cuts.length + 1) >= least && n > 1;
  const down = sparse(rows, lengthOf(g.rows), g.height)
    ? rows.map((r) => `M0 ${num(r * g.sy)}h${num(g.width)}`)
    : [];
  const across = sparse(cols, lengthOf(g.cols), g.width)
    ? cols.map((c) => `M${num(c * g.sx)} 0v${num(g.height)}`)
    : [];
  return [...down, ...across].join('');
}

export interface LegendEntry {
  /** Draws a swatch of 18 × 18 at a place. */
  readonly swatch?: (x: number, y: number) => string;
  readonly label: string;
  readonly value?: string;
  readonly kind?: 'head' | 'muted';
  /** Extra room above. */
  readonly space?: number;
  /** Its height, when it draws itself. */
  readonly own?: { readonly height: number; readonly draw: (x: number, y: number, width: number) => string };
}

function legend(
  entries: readonly LegendEntry[],
  x: number,
  top: number,
): { readonly parts: string[]; readonly bottom: number } {
  const parts: string[] = [];
  let y = top;
  for (const e of entries) {
    y += e.space ?? 0;
    if (e.own) {
      parts.push(e.own.draw(x, y, LEGEND));
      y += e.own.height;
      continue;
    }
    if (e.swatch) parts.push(e.swatch(x, y));
    const kind = e.kind ? { kind: e.kind === 'muted' ? 'small muted' : e.kind } : {};
    parts.push(textAt(e.swatch ? x + 28 : x, y + 14, e.label, kind));
    if (e.value !== undefined) parts.push(textAt(x + LEGEND, y + 14, e.value, { ...kind, anchor: 'end' }));
    y += e.kind === 'muted' ? 18 : 25;
  }
  return { parts, bottom: y };
}

/**
 * The whole picture.
 * @param body cells, in pixels from the upper left corner of the grid
 */
export function sheet(
  c: Caption,
  g: Grid,
  body: string,
  entries: readonly LegendEntry[],
  theme: ThemeName,
): string {
  const x = PAD + AXIS_X;
  const width = Math.max(x + g.width, PAD + MIN_TEXT) + GAP + LEGEND + PAD;
  const head = header(c, width - 2 * PAD);
  const y = head.height + AXIS_Y;
  const side = legend(entries, width - PAD - LEGEND, y);
  const height = Math.max(y + g.height, side.bottom) + PAD;
  const outer = cutLines(g, outerCuts(g.rows), outerCuts(g.cols), 5);
  const [w, h] = [Math.ceil(width), Math.ceil(height)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img" aria-labelledby="t d">`,
    `<title id="t">${escapeXml(c.title)}</title>`,
    `<desc id="d">${escapeXml(c.description)}</desc>`,
    styleSheet(theme),
    rectAt(0, 0, w, h, 'paper'),
    ...head.parts,
    ...axes(g, x, y),
    `<g transform="translate(${num(x)} ${num(y)})">`,
    body,
    outer === '' ? '' : `<path class="outer" d="${outer}"/>`,
    `<rect width="${num(g.width)}" height="${num(g.height)}" class="frame"/>`,
    '</g>',
    ...side.parts,
    '</svg>',
    '',
  ]
    .filter((part, n, all) => part !== '' || n === all.length - 1)
    .join('\n');
}
