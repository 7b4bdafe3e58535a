/** Densities around the mean of each part of an axis, multiplied and then divided by their sum. */
import { list, matrix, sum, tensor, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';

const PADDING = -1000;

function part(x: Vector, offsets: Vector, widths: Vector): Vector {
  const filled = x.map((a) => (a === PADDING ? 0 : a));
  const mean = sum(filled) / x.length;
  const squares = sum(filled.map((a) => (a - mean) ** 2));
  const variance = squares / Math.max(x.length - 1, 1) + 1e-8;
  const density = filled.map((a) =>
    offsets.reduce((product, offset, g) => {
      const z = (a - mean - offset) / Math.sqrt(variance);
      const width = Math.abs(widths[g]!);
      return (product * Math.exp(-(z * z) / (2 * width * width))) / (width * Math.sqrt(2 * Math.PI));
    }, 1),
  );
  const total = Math.max(sum(density), 1e-8);
  return x.map((a, n) => (a === PADDING ? a : (a * density[n]!) / total));
}

const gaam = (variant: string, padded: number, least: number) =>
  referenceCase({
    example: 'gaam',
    variant,
    params: { padding: PADDING },
    fixed: {},
    lengths: [3, 10, 32],
    sizes: (C) => ({ B: 2, N: 4, H: 3, G: 2, C }),
    inputs: ({ normal, values, sizes: { B, N, C, H, G } }) => ({
      x: values([B, N, C], (r) => (r.next() < padded ? PADDING : r.normal())),
      offset: normal(H, G),
      width: values([H, G], (r) => least + r.next()),
    }),
    reference: ({ x, offset, width }, { B, H, C }) => {
      const size = Math.floor(C / H);
      const rows = (m: Matrix): Matrix =>
        m.map((row) =>
          list(H, Number).flatMap((h) =>
            part(
              row.slice(h * size, h === H - 1 ? C : (h + 1) * size),
              matrix(offset)[h]!,
              matrix(width)[h]!,
            ),
          ),
        );
      return { y: tensor(list(B, Number).map((b) => rows(matrix(x, b)))) };
    },
  });

export const cases = [
  gaam('all data', 0, 0.5),
  gaam('padded', 0.3, 0.5),
  // Products of densities that 32 bits do not hold; their sum is below the least divisor in some parts.
  gaam('narrow', 0, 0.05),
];
