/** Queries and keys on 255 levels, scaled by blocks of 128 and 64 positions, keys less their mean; weights rounded to 16 bits. */
import { dot, eachHead, matrix, plus, scaled, sum, weighted, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { mean } from '../select.ts';

/** Blocks of rows as integers of at most 127, and the size of a unit for each row. */
function integers(rows: Matrix, size: number): { values: Matrix; units: number[] } {
  const units = rows.map((_, i) => {
    const first = Math.floor(i / size) * size;
    return (
      Math.max(
        ...rows
          .slice(first, first + size)
          .flat()
          .map(Math.abs),
      ) / 127
    );
  });
  const nearest = (x: number) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
  return {
    values: rows.map((row, i) => row.map((x) => (units[i]! > 0 ? nearest(x / units[i]!) : 0))),
    units,
  };
}

/** Rounded to a number with 11 bits, or to a multiple of 2^-24, ties to even. */
function half(x: number): number {
  if (x === 0) return 0;
  const step = 2 ** (Math.max(Math.floor(Math.log2(x)), -14) - 10);
  const floor = Math.floor(x / step);
  const over = x / step - floor;
  return (floor + (over > 0.5 || (over === 0.5 && floor % 2 === 1) ? 1 : 0)) * step;
}

function head(q: Matrix, k: Matrix, v: Matrix) {
  const scale = 1 / Math.sqrt(q[0]!.length);
  const centre = mean(k);
  const queries = integers(
    q.map((row) => scaled(row, scale * Math.LOG2E)),
    128,
  );
  const keys = integers(
    k.map((row) => plus(row, centre, -1)),
    64,
  );
  const rows = queries.values.map((qi, i) => {
    const s = keys.values.map((kj, j) => dot(qi, kj) * queries.units[i]! * keys.units[j]!);
    const m = Math.max(...s);
    const w = s.map((x) => 2 ** (x - m));
    const lse = (m + Math.log2(sum(w))) * Math.LN2 + dot(q[i]!, centre) * scale;
    return { y: scaled(weighted(w.map(half), v), 1 / sum(w)), lse };
  });
  return { y: rows.map(({ y }) => y), lse: rows.map(({ lse }) => lse) };
}

const sage = (variant: string, equal: boolean) =>
  referenceCase({
    example: 'sage',
    variant,
    fixed: { D: 8, E: 5 },
    lengths: [1, 7, 130],
    sizes: (N) => ({ B: 1, H: 2, G: 1, N, M: N + 2 }),
    inputs: ({ normal, values, sizes: { B, H, G, N, M, D, E } }) => ({
      q: normal(B, H, N, D),
      // Equal keys are 0 without their mean, and have no unit.
      k: equal ? values([B, G, M, D], () => 0.5) : normal(B, G, M, D),
      v: normal(B, G, M, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => head(matrix(q, b, h), matrix(k, b, h >> 1), matrix(v, b, h >> 1))),
  });

export const cases = [sage('keys of all kinds', false), sage('equal keys', true)];
