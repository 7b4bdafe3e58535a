/** Masks over two and three axes of positions; positions are numbered y * X + x, and t * Y * X before that. */
import { attendDense, normal, upTo, type Dense, type MaskCase } from './mask-reference.ts';

const [B, H, D, E] = [2, 1, 4, 3];
type Point = readonly number[];

const pointsOf = (shape: Point): Point[] =>
  shape.reduce<Point[]>((all, n) => all.flatMap((p) => upTo(n).map((x) => [...p, x])), [[]]);

interface Image {
  readonly shape: Point;
  readonly params?: Readonly<Record<string, number>>;
  readonly consts?: Readonly<Record<string, number>>;
  readonly title?: string;
  /** Scores are products without 1 / sqrt(D). */
  readonly unscaled?: true;
  sees(from: Point, to: Point): boolean;
}
function tensors(example: string, shape: Point) {
  const q = normal(`${example} q`, B, H, ...shape, D);
  const k = normal(`${example} k`, B, H, ...shape, D);
  const v = normal(`${example} v`, B, H, ...shape, E);
  return { q, k, v };
}
function denseOf(example: string, { shape, sees }: Pick<Image, 'shape' | 'sees'>): Dense {
  const points = pointsOf(shape);
  return {
    batches: B,
    heads: H,
    rows: points.length,
    keys: points.length,
    ...tensors(example, shape),
    sees: (_, row, key) => sees(points[row]!, points[key]!),
  };
}
function image(example: string, of: Image): MaskCase {
  const dense = denseOf(example, of);
  const { q, k, v } = dense;
  const longer = { ...q, data: q.data.map((x) => x * Math.sqrt(D)) };
  const { y } = attendDense(of.unscaled ? { ...dense, q: longer } : dense);
  const { params, consts, title } = of;
  return { example, title, params, consts, inputs: { q, k, v }, expected: { y } };
}

/** The `size` positions of 0 … n - 1 that are nearest among those a multiple of step away; size is odd. */
function nearest(i: number, n: number, size: number, step = 1): ReadonlySet<number> {
  const choices = upTo(n).filter((j) => (i - j) % step === 0);
  return new Set(choices.sort((a, b) => Math.abs(a - i) - Math.abs(b - i)).slice(0, size));
}

/** Blocks of a size, cut out with a margin around them. */
function halo(shape: Point, size: number, margin: number): MaskCase {
  const patches = (n: number): { block: number[]; patch: number[] }[] =>
    upTo(Math.ceil(n / size)).map((at) => {
      const inside = (x: number): boolean => x >= 0 && x < n;
      return {
        block: upTo(size)
          .map((x) => at * size + x)
          .filter(inside),
        patch: upTo(size + 2 * margin)
          .map((x) => at * size - margin + x)
          .filter(inside),
      };
    });
  const near = (n: number, i: number, j: number): boolean =>
    patches(n).some(({ block, patch }) => block.includes(i) && patch.includes(j));
  return image('halo', {
    shape,
    params: { size, margin },
    sees: (from, to) => from.every((i, axis) => near(shape[axis]!, i, to[axis]!)),
  });
}

/** The image rolled by the shift, its windows, and the regions that rolling put next to each other, as Swin has it. */
function shiftedWindow(shape: Point, size: number, shift: number): MaskCase {
  const rolled = (i: number, n: number): number => (i - shift + n) % n;
  const region = (i: number, n: number): number => (i < n - size ? 0 : i < n - shift ? 1 : 2);
  const sameAxis = (n: number, i: number, j: number): boolean => {
    const [a, b] = [rolled(i, n), rolled(j, n)];
    return Math.floor(a / size) === Math.floor(b / size) && (shift === 0 || region(a, n) === region(b, n));
  };
  const [Y, X] = shape as [number, number];
  const table = normal('shifted window table', H, 2 * size - 1, 2 * size - 1);
  const points = pointsOf(shape);
  const dense: Dense = {
    ...denseOf('swin', {
      shape,
      sees: ([iy, ix], [jy, jx]) => sameAxis(Y, iy!, jy!) && sameAxis(X, ix!, jx!),
    }),
    bias: (h, row, key) => {
      const inWindow = (p: number, n: number): number => rolled(p, n) % size;
      const [dy, dx] = [0, 1].map(
        (axis) =>
          inWindow(points[row]![axis]!, shape[axis]!) -
          inWindow(points[key]![axis]!, shape[axis]!) +
          size -
          1,
      );
      return table.data[(h * (2 * size - 1) + dy!) * (2 * size - 1) + dx!]!;
    },
  };
  const { y } = attendDense(dense);
  const { q, k, v } = dense;
  return {
    example: 'swin',
    title: `shift ${shift}`,
    params: { shift },
    consts: { size },
    inputs: { q, k, v, table },
    expected: { y },
  };
}

/** Rows and columns with a softmax each. */
function axial(shape: Point): MaskCase {
  const along = (axis: number) =>
    attendDense(denseOf('axial', { shape, sees: (from, to) => from[1 - axis] === to[1 - axis] }));
  const [columns, rows] = [along(0), along(1)];
  return {
    example: 'axial',
    inputs: tensors('axial', shape),
    expected: { rows: rows.y, columns: columns.y },
  };
}

function clamped(example: string, shape: Point, size: number, step?: number): MaskCase {
  return image(example, {
    shape,
    params: step === undefined ? { size } : { size, step },
    sees: (from, to) => from.every((i, axis) => nearest(i, shape[axis]!, size, step).has(to[axis]!)),
  });
}

export const IMAGE_CASES: readonly MaskCase[] = [
  clamped('neighborhood_shifted', [6, 9], 5),
  clamped('neighborhood_dilated', [7, 11], 3, 2),
  image('neighborhood_3d', {
    shape: [4, 5, 6],
    params: { frames: 2, size: 3 },
    sees: ([it, iy, ix], [jt, jy, jx]) =>
      (jt === it || jt === it! - 1) && nearest(iy!, 5, 3).has(jy!) && nearest(ix!, 6, 3).has(jx!),
  }),
  halo([7, 9], 3, 2),
  shiftedWindow([6, 9], 3, 0),
  shiftedWindow([6, 9], 3, 1),
  axial([5, 8]),
  image('criss_cross', {
    shape: [5, 8],
    unscaled: true,
    sees: ([iy, ix], [jy, jx]) => iy === jy || ix === jx,
  }),
];
