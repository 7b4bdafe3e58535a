/** Tokens sorted by axes in an order for each head, attention in integers over some blocks, and the results sorted back. */
import {
  dot,
  element,
  list,
  matrix,
  scaled,
  table,
  tensor,
  vector,
  weighted,
  type Matrix,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { masked } from '../select.ts';

const SIZE = 4;
const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];
const blockOf = (n: number): number => Math.floor(n / SIZE);

/** Ties to even. */
function nearest(x: number): number {
  const floor = Math.floor(x);
  const over = x - floor;
  return over > 0.5 || (over === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** Values as a whole number of units, where a block of rows has one unit. */
function inUnits(rows: Matrix, levels: number): Matrix {
  const unit = rows.map((_, i) => {
    const block = rows.filter((_, other) => blockOf(other) === blockOf(i));
    return Math.max(...block.flat().map(Math.abs)) / levels;
  });
  return rows.map((row, i) => row.map((x) => (unit[i]! > 0 ? nearest(x / unit[i]!) * unit[i]! : 0)));
}

function attention(q: Matrix, k: Matrix, v: Matrix, keep: Matrix, levels: number): Matrix {
  const keys = inUnits(k, 127);
  const values = inUnits(v, levels);
  const p = inUnits(q, 127).map((qi, i) => {
    const s = scaled(
      keys.map((kj) => dot(qi, kj)),
      qi.length ** -0.5,
    );
    return masked(s, (j) => keep[blockOf(i)]![blockOf(j)] === 1).p;
  });
  return p.map((row, i) => {
    const rows = p.filter((_, other) => blockOf(other) === blockOf(i));
    const rounded = row.map((x, j) => {
      const block = rows.flatMap((r) => r.filter((_, other) => blockOf(other) === blockOf(j)));
      const unit = Math.max(...block) / levels;
      return unit > 0 ? nearest(x / unit) * unit : 0;
    });
    return weighted(rounded, values);
  });
}

export const cases = [127, 7].map((levels) =>
  referenceCase({
    example: 'paro',
    variant: `${levels} levels`,
    consts: { size: SIZE, levels },
    fixed: { D: 6, E: 5 },
    lengths: [1, 2, 4],
    sizes: (T) => ({ B: 1, H: 6, T, Y: 3, X: 2 }),
    inputs: ({ normal, values, sizes: { B, H, T, Y, X, D, E } }) => {
      const blocks = blockOf(T * Y * X + SIZE - 1);
      return {
        q: normal(B, H, T, Y, X, D),
        k: normal(B, H, T, Y, X, D),
        v: normal(B, H, T, Y, X, E),
        order: values([H], (_, h) => h),
        // Head 0 sees nothing in its first block of rows.
        keep: values([H, blocks, blocks], (r, at) => Number(at >= blocks && r.next() < 0.6)),
      };
    },
    reference: ({ q, k, v, order, keep }, { B, H, T, Y, X, E }) => {
      const extents = [T, Y, X];
      const tokens = list(T, Number).flatMap((f) =>
        list(Y, Number).flatMap((row) => list(X, Number).map((col) => [f, row, col])),
      );
      const sorted = (h: number): number[][] => {
        const axes = ORDERS[element(order, h)]!;
        const place = (at: number[]) => axes.reduce((n, axis) => n * extents[axis]! + at[axis]!, 0);
        return [...tokens].sort((x, y) => place(x) - place(y));
      };
      const one = (b: number, h: number) => {
        const inOrder = sorted(h);
        const rows = (x: typeof q) => inOrder.map((at) => vector(x, b, h, ...at));
        const o = attention(rows(q), rows(k), rows(v), matrix(keep, h), levels);
        const y = list(T, Number).map(() =>
          table(Y, X, () => 0).map((row) => row.map(() => list(E, () => 0))),
        );
        inOrder.forEach(([f, row, col], i) => (y[f!]![row!]![col!] = o[i]!));
        return y;
      };
      const seen = (h: number, i: number) => Number(matrix(keep, h)[blockOf(i)]!.includes(1));
      return {
        y: tensor(list(B, Number).map((b) => list(H, Number).map((h) => one(b, h)))),
        kept: tensor(list(H, Number).map((h) => list(tokens.length, (i) => seen(h, i)))),
      };
    },
  }),
);
