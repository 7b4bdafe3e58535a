/** The picture of a mask: which pairs are kept, over what the compiler does with each tile. */
import { userError } from '../diagnostics/diagnostic.ts';
import { TILE_CLASSES, type Classified, type Pairs, type TileClass } from './classify.ts';
import { pathOf, rectangles, type Rect } from './regions.ts';
import { cutLines, gridOf, sheet, type Caption, type Grid, type LegendEntry } from './sheet.ts';
import { blockText, lengthOf, tileCount, tileCuts, tileNumbers } from './side.ts';
import { factor, grouped, num, pathAt, percent, rectAt, share, type ThemeName } from './svg.ts';

/** Characters of path data: a picture with more shows tiles only, and beyond that none is drawn. */
const MOST_DETAIL = 200_000;

interface Layers {
  readonly tiles: ReadonlyMap<TileClass, Rect[]>;
  /** Kept pairs of tiles that are tested; absent when there are too many to draw. */
  readonly kept?: string;
}

function layersOf(p: Pairs, c: Classified, g: Grid): Layers {
  const [height, width] = [lengthOf(p.rows), lengthOf(p.cols)];
  const [rowTile, colTile] = [tileNumbers(p.rows), tileNumbers(p.cols)];
  const across = tileCount(p.cols);
  const at = (x: number, y: number): TileClass =>
    TILE_CLASSES[c.classes[rowTile[y]! * across + colTile[x]!]!]!;
  const tiles = rectangles(width, height, (x, y) => {
    const kind = at(x, y);
    return kind === 'skipped' ? undefined : kind;
  });
  if (Math.min(g.sx, g.sy) < 1) return { tiles };
  const detailed = new Set<TileClass>(['partial', 'wrong']);
  const kept = rectangles(width, height, (x, y) =>
    p.kept[y * width + x] === 1 && detailed.has(at(x, y)) ? 'kept' : undefined,
  );
  const path = pathOf(kept.get('kept') ?? []);
  return path.length <= MOST_DETAIL ? { tiles, kept: path } : { tiles };
}

/** Loud marks over tiles that should not be as they are. */
function alarms(rects: readonly Rect[], g: Grid): string {
  return rects
    .map(({ x, y, width, height }) => {
      const [left, top, w, h] = [x * g.sx, y * g.sy, width * g.sx, height * g.sy].map(num);
      return `M${left} ${top}h${w}v${h}h-${w}zl${w} ${h}m0 -${h}l-${w} ${h}`;
    })
    .join('');
}

function body(p: Pairs, l: Layers, g: Grid): string {
  const path = (kind: TileClass): string => pathOf(l.tiles.get(kind) ?? []);
  const data = (['full', 'partial', 'idle', 'wrong'] as const).map((kind) => [kind, path(kind)] as const);
  if (data.reduce((n, [, d]) => n + d.length, 0) > MOST_DETAIL)
    throw userError('E0741', 'the tiles are too many to draw', { hint: 'choose larger tiles with --tile' });
  const parts = [
    rectAt(0, 0, lengthOf(p.cols), lengthOf(p.rows), 'skipped'),
    // Without its pairs a partial tile is drawn in their colour.
    ...data.map(([kind, d]) => pathAt(d, kind === 'partial' && l.kept === undefined ? 'kept' : kind)),
    pathAt(l.kept ?? '', 'kept'),
  ];
  const cuts = cutLines(g, tileCuts(p.rows), tileCuts(p.cols), 6);
  const loud = alarms([...(l.tiles.get('idle') ?? []), ...(l.tiles.get('wrong') ?? [])], g);
  return [
    `<g transform="scale(${factor(g.sx)} ${factor(g.sy)})" shape-rendering="crispEdges">`,
    ...parts,
    '</g>',
    pathAt(cuts, 'cut'),
    pathAt(loud, 'alarm'),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

const square =
  (kind: string): NonNullable<LegendEntry['swatch']> =>
  (x, y) =>
    rectAt(x, y, 18, 18, kind);

/** A partial tile in small. */
const stairs: NonNullable<LegendEntry['swatch']> = (x, y) =>
  rectAt(x, y, 18, 18, 'partial') +
  `<path class="kept" d="M${num(x)} ${num(y)}h6v6h6v6h6v6h-18z" shape-rendering="crispEdges"/>`;

const crossed =
  (kind: string): NonNullable<LegendEntry['swatch']> =>
  (x, y) =>
    rectAt(x, y, 18, 18, kind) +
    `<path class="alarm" d="M${num(x)} ${num(y)}h18v18h-18zl18 18m0 -18l-18 18"/>`;

function entries(p: Pairs, { counts }: Classified, detail: boolean): LegendEntry[] {
  const { tiles, pairs } = counts;
  const some = (kind: 'idle' | 'wrong', label: string): LegendEntry[] =>
    tiles[kind] > 0 ? [{ swatch: crossed(kind), label, value: grouped(tiles[kind]) }] : [];
  return [
    {
      label: `Tiles of ${blockText(p.rows)} × ${blockText(p.cols)}`,
      value: grouped(tiles.total),
      kind: 'head',
    },
    { swatch: square('full'), label: 'full: pairs not tested', value: grouped(tiles.full) },
    {
      swatch: detail ? stairs : square('kept'),
      label: 'partial: pairs tested',
      value: grouped(tiles.partial),
    },
    { swatch: square('skipped'), label: 'skipped: never loaded', value: grouped(tiles.skipped) },
    ...some('idle', 'visited in vain'),
    ...some('wrong', 'WRONG: a bug in attnc'),
    {
      label: 'visited',
      value: share(tiles.visited, tiles.total),
      space: 4,
    },
    ...(tiles.tested > 0 ? [{ label: 'could be full, is tested', value: grouped(tiles.tested) }] : []),
    { label: 'Pairs', value: grouped(pairs.total), kind: 'head', space: 16 },
    { label: 'kept', value: share(pairs.kept, pairs.total) },
    { label: 'in visited tiles', value: share(pairs.visited, pairs.total) },
    { label: 'of these kept', value: percent(pairs.kept, pairs.visited) },
  ];
}

/**
 * SVG text.
 * @throws UserError E0741 when the tiles are too many to draw
 */
export function maskPicture(p: Pairs, c: Classified, caption: Caption, theme: ThemeName): string {
  const g = gridOf(p.rows, p.cols);
  const layers = layersOf(p, c, g);
  return sheet(caption, g, body(p, layers, g), entries(p, c, layers.kept !== undefined), theme);
}
