/** Pictures of masks: what they show is what an independent enumeration says, and what the compiler decides. */
import { describe, expect, it } from 'vitest';
import { backendFor } from '../../backends/index.ts';
import { checkText, semanticIr } from '../../src/compile.ts';
import { randomFrom } from '../../src/runtime/random.ts';
import { draw, type Drawn, type DrawRequest } from '../../src/viz/draw.ts';
import { cellsOf, pathIn } from '../support/viz.ts';

function picture(text: string, request: Partial<DrawRequest>): Drawn {
  return draw({
    kernel: semanticIr(checkText(text)),
    options: { fixed: { D: 16, E: 16 }, limits: backendFor('wgsl').limits({}) },
    sizes: {},
    params: {},
    inputs: {},
    at: {},
    theme: 'light',
    ...request,
  });
}

/** A kernel over rows and columns of one axis each. */
const plain = (mask: string, declare = ''): string => `kernel sample {
  axes b: B, h: H, i: N, j: M, d: D, e: E
  in q: f32[b, h, i, d]
  in k: f32[b, h, j, d]
  in v: f32[b, h, j, e]
  ${declare}
  ${mask}
  score s = sum[d](q * k)
  normalize p = softmax[j](s)
  out y: f32[b, h, i, e] = sum[j](p * v)
  out hit: f32[b, h, j] = sum[i](p)
}
`;

interface Expected {
  /** Flattened positions, and the tile of each. */
  readonly rows: number;
  readonly cols: number;
  readonly keep: (row: number, col: number) => boolean;
  readonly rowTile: (row: number) => number;
  readonly colTile: (col: number) => number;
  /** Pairs of a complete tile. */
  readonly complete: (row: number, col: number) => boolean;
}

/** Reads the picture back and compares every cell with the enumeration. */
function compare({ svg, counts }: Drawn, x: Expected): void {
  const tiles = new Map<string, { kept: number; pairs: number; whole: boolean }>();
  const name = (r: number, c: number): string => `${x.rowTile(r)},${x.colTile(c)}`;
  let kept = 0;
  for (let r = 0; r < x.rows; r++)
    for (let c = 0; c < x.cols; c++) {
      const t = tiles.get(name(r, c)) ?? { kept: 0, pairs: 0, whole: x.complete(r, c) };
      tiles.set(name(r, c), t);
      t.pairs++;
      if (x.keep(r, c)) t.kept++;
      if (x.keep(r, c)) kept++;
    }
  const classOf = (r: number, c: number): string => {
    const t = tiles.get(name(r, c))!;
    return t.kept === 0 ? 'skipped' : t.kept === t.pairs && t.whole ? 'full' : 'partial';
  };
  const shown = new Map<string, string>();
  for (const kind of ['full', 'partial', 'idle', 'wrong'])
    for (const [c, r] of cellsOf(pathIn(svg, kind))) shown.set(`${r},${c}`, kind);
  const keptCells = new Set([...cellsOf(pathIn(svg, 'kept'))].map(([c, r]) => `${r},${c}`));
  const [expected, found]: [string[], string[]] = [[], []];
  for (let r = 0; r < x.rows; r++)
    for (let c = 0; c < x.cols; c++) {
      const kind = classOf(r, c);
      expected.push(`${r},${c} ${kind} ${kind === 'partial' && x.keep(r, c)}`);
      found.push(`${r},${c} ${shown.get(`${r},${c}`) ?? 'skipped'} ${keptCells.has(`${r},${c}`)}`);
    }
  expect(found).toEqual(expected);
  const all = [...tiles.values()];
  const full = all.filter((t) => t.kept === t.pairs && t.whole).length;
  const visited = all.filter((t) => t.kept > 0).length;
  expect(counts.pairs).toMatchObject({ total: x.rows * x.cols, kept });
  expect(counts.tiles).toMatchObject({
    total: all.length,
    full,
    visited,
    partial: visited - full,
    idle: 0,
    wrong: 0,
    tested: 0,
  });
}

/** Tiles of rows × columns over one axis each; complete when all their columns exist. */
const blocks = (rows: number, cols: number, m: number, n: number, keep: Expected['keep']): Expected => ({
  rows,
  cols,
  keep,
  rowTile: (r) => Math.floor(r / m),
  colTile: (c) => Math.floor(c / n),
  complete: (_, c) => (Math.floor(c / n) + 1) * n <= cols,
});

describe('a mask', () => {
  it.each([
    [48, 48, 8, 8],
    [33, 50, 16, 4],
    [20, 20, 4, 16],
  ])('of a window and sinks over %i × %i pairs in tiles of %i × %i', (N, M, m, n) => {
    const text = plain(
      'mask j <= i && (i - j < window || j < sinks)',
      'param window: int = 12\nparam sinks: int = 3',
    );
    const drawn = picture(text, { sizes: { N, M }, params: { window: 9 }, tile: { rows: [m], cols: [n] } });
    compare(
      drawn,
      blocks(N, M, m, n, (i, j) => j <= i && (i - j < 9 || j < 3)),
    );
    expect(drawn).toMatchObject({ output: 'y', rows: ['i'], cols: ['j'], tile: `${m} × ${n}` });
    expect(drawn.svg).toContain(`N = ${N}, M = ${M}, window = 9, sinks = 3; at b = 0, h = 0`);
  });

  it('that is absent is full everywhere but at the end of the columns', () => {
    const drawn = picture(plain(''), { sizes: { N: 20, M: 20 }, tile: { rows: [8], cols: [8] } });
    compare(
      drawn,
      blocks(20, 20, 8, 8, () => true),
    );
  });

  it('of a column output has its rows and columns exchanged', () => {
    const text = plain('mask j <= i');
    const drawn = picture(text, { sizes: { N: 24, M: 16 }, output: 'hit', tile: { rows: [4], cols: [8] } });
    compare(
      drawn,
      blocks(16, 24, 4, 8, (j, i) => j <= i),
    );
    expect(drawn).toMatchObject({ rows: ['j'], cols: ['i'] });
  });

  it('of documents follows the data of its batch', () => {
    const text = plain('mask id[b, i] == id[b, j]', 'in id: i32[b, i]')
      .replace('j: M', 'j: N')
      // Fewer outputs leave buffers for the summaries that make tiles full.
      .replace(/ {2}out hit.*\n/, '');
    const ids = [
      [...new Array<number>(17).fill(0), ...new Array<number>(11).fill(1), ...new Array<number>(12).fill(7)],
      [...new Array<number>(8).fill(3), ...new Array<number>(32).fill(4)],
    ];
    for (const b of [0, 1]) {
      const inputs = { id: { shape: [2, 40], data: ids.flat() } };
      const drawn = picture(text, { inputs, at: { b }, tile: { rows: [8], cols: [4] } });
      compare(
        drawn,
        blocks(40, 40, 8, 4, (i, j) => ids[b]![i] === ids[b]![j]),
      );
      expect(drawn.svg).toContain(`N = 40; at b = ${b}, h = 0`);
    }
  });

  it('that differs by head is drawn at the head that is asked for', () => {
    const text = plain('mask j + 4 * h <= i');
    for (const h of [0, 2]) {
      const drawn = picture(text, { sizes: { N: 24, M: 24 }, at: { h }, tile: { rows: [8], cols: [8] } });
      compare(
        drawn,
        blocks(24, 24, 8, 8, (i, j) => j + 4 * h <= i),
      );
    }
  });

  it('over two axes is cut into boxes', () => {
    const text = `kernel image {
  axes iy: Y, ix: X, jy: Y, jx: X, d: D, e: E
  in q: f32[iy, ix, d]
  in k: f32[jy, jx, d]
  in v: f32[jy, jx, e]
  param reach: int = 1
  mask abs(iy - jy) <= reach && abs(ix - jx) <= reach
  out y: f32[iy, ix, e] = sum[jy, jx](softmax[jy, jx](sum[d](q * k)) * v)
}
`;
    const [Y, X] = [8, 6];
    const box = (p: number, h: number, w: number): number =>
      Math.floor(Math.floor(p / X) / h) * Math.ceil(X / w) + Math.floor((p % X) / w);
    const drawn = picture(text, { sizes: { Y, X }, tile: { rows: [4, 2], cols: [2, 4] } });
    const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1;
    compare(drawn, {
      rows: Y * X,
      cols: Y * X,
      keep: (p, q) => near(Math.floor(p / X), Math.floor(q / X)) && near(p % X, q % X),
      rowTile: (p) => box(p, 4, 2),
      colTile: (p) => box(p, 2, 4),
      complete: (_, q) => (Math.floor((q % X) / 4) + 1) * 4 <= X,
    });
    expect(drawn.tile).toBe('4·2 × 2·4');
    expect(drawn.svg).toContain('(jy, jx)');
  });

  it('uses the tiles that the compiler chooses when no others are asked for', () => {
    const drawn = picture(plain('mask j <= i'), { sizes: { N: 256, M: 256 } });
    const [m, n] = drawn.tile.split(' × ').map(Number);
    compare(
      drawn,
      blocks(256, 256, m!, n!, (i, j) => j <= i),
    );
  });
});

describe('the size of a picture', () => {
  const text = plain('mask edge[i, j]', 'in edge: bool[i, j]');
  const random = (n: number) => {
    const { next } = randomFrom(n);
    return { edge: { shape: [n, n], data: Array.from({ length: n * n }, () => +(next() < 0.5)) } };
  };

  it('stays small for masks without any order', () => {
    for (const n of [64, 256]) {
      const { svg, counts } = picture(text, { inputs: random(n), tile: { rows: [16], cols: [16] } });
      expect(svg.length).toBeLessThan(300_000);
      expect(counts.tiles).toMatchObject({ wrong: 0, total: (n / 16) ** 2 });
      if (n === 64) expect([...cellsOf(pathIn(svg, 'kept'))]).toHaveLength(counts.pairs.kept);
    }
  });

  it('has whole tiles only where a pair would be smaller than a pixel', () => {
    const { svg } = picture(plain('mask j <= i'), {
      sizes: { N: 800, M: 800 },
      tile: { rows: [16], cols: [16] },
    });
    expect(pathIn(svg, 'partial')).toBe('');
    expect([...cellsOf(pathIn(svg, 'kept'))]).toHaveLength(50 * 256);
    expect([...cellsOf(pathIn(svg, 'full'))]).toHaveLength((50 * 49 * 256) / 2);
    expect(svg.length).toBeLessThan(30_000);
  });
});

describe('a map', () => {
  const text = plain('mask j <= i');
  const tensor = (n: number, at: (n: number) => number) => ({
    shape: [1, 1, n, 16],
    data: Array.from({ length: n * 16 }, (_, k) => at(k)),
  });

  it('shows the values of kept pairs, level by level', () => {
    const q = tensor(6, (k) => (k % 16 === 0 ? 1 : 0));
    const k = tensor(6, (n) => (n % 16 === 0 ? Math.floor(n / 16) : 0));
    const { svg, map } = picture(text, { inputs: { q, k }, map: 's' });
    // s[i, j] = j, so columns 0 … 5 have levels 0, 6.4, … of 32.
    expect(map).toEqual({ least: 0, greatest: 5, odd: 0, kept: 21 });
    const strokes = [...svg.matchAll(/<path stroke="(#[0-9a-f]{6})" d="([^"]*)"/g)];
    expect(strokes).toHaveLength(6);
    expect(strokes.map(([, , d]) => d!.match(/h/g)!.length)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(svg).toContain('Value of s');
  });

  it('knows weights, their sums and the logarithmic scale', () => {
    const { normal } = randomFrom(3);
    const inputs = { q: tensor(40, normal), k: tensor(40, normal) };
    const { map, svg } = picture(text, { inputs, map: 'p', scale: 'log' });
    expect(map).toMatchObject({ odd: 0, kept: 820 });
    // The first row has a single pair.
    expect(map!.greatest).toBe(1);
    expect(map!.least).toBeGreaterThan(0);
    expect(svg).toContain('logarithmic');
    const flat = picture(text, { inputs, map: 'p' }).svg;
    expect(flat).not.toBe(svg);
  });

  it('stays small', () => {
    const { normal } = randomFrom(4);
    const inputs = { q: tensor(256, normal), k: tensor(256, normal) };
    const { svg } = picture(plain(''), { inputs, map: 's' });
    expect(svg.length).toBeLessThan(300_000);
    expect(svg).toContain('a cell is the greatest of 2 × 2 pairs');
  });
});

describe('the file', () => {
  it('has a title, a description and both colour schemes, and the same bytes each time', () => {
    const request = { sizes: { N: 16, M: 16 }, theme: 'auto' as const };
    const text = `// Causal < "attention" & more.\n${plain('mask j <= i')}`;
    const { svg } = picture(text, request);
    expect(svg).toBe(picture(text, request).svg);
    expect(svg).toContain('<title id="t">sample</title>');
    expect(svg).toMatch(
      /<desc id="d">136 of 256 pairs are kept \(53 %\)\. 1 tile: 0 full, 1 partial, 0 skipped\.<\/desc>/,
    );
    expect(svg).toContain('@media (prefers-color-scheme:dark)');
    expect(picture(text, { ...request, theme: 'dark' }).svg).not.toContain('@media');
    expect(svg).toContain('Causal &lt; &quot;attention&quot; &amp; more.');
    expect(svg).toContain('mask j &lt;= i');
  });
});
