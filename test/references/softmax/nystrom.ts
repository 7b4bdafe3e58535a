/** Nystromformer with segment means as landmarks, and the iteration for the inverse with its starting value per matrix. */
import {
  column,
  dot,
  eachHead,
  list,
  matrix,
  scaled,
  softmax,
  sum,
  table,
  weighted,
  type Matrix,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { mean } from '../select.ts';

const times = (x: Matrix, y: Matrix): Matrix => x.map((row) => weighted(row, y));
/** c I - x. */
const from = (c: number, x: Matrix): Matrix => x.map((row, i) => row.map((a, j) => (i === j ? c : 0) - a));
const map = (q: Matrix, k: Matrix): Matrix =>
  q.map((row) =>
    softmax(
      scaled(
        k.map((key) => dot(row, key)),
        row.length ** -0.5,
      ),
    ),
  );

function head(q: Matrix, k: Matrix, v: Matrix, landmarks: number): Matrix {
  const at = (n: number): number => Math.floor((n * q.length) / landmarks);
  const [ql, kl] = [q, k].map((x) =>
    list(landmarks, (n) => n).map((n) => mean(x.slice(at(n), at(n + 1)))),
  ) as [Matrix, Matrix];
  const a = map(ql, kl);
  const most = Math.max(...list(landmarks, (m) => sum(column(a, m))));
  let z = table(landmarks, landmarks, (l, m) => a[m]![l]! / most);
  for (let round = 0; round < 6; round++) {
    const az = times(a, z);
    const inner = from(13, times(az, from(15, times(az, from(7, az)))));
    z = times(z, inner).map((row) => scaled(row, 0.25));
  }
  return times(map(q, kl), times(z, times(map(ql, k), v)));
}

const cased = (landmarks: number, lengths: readonly number[]) =>
  referenceCase({
    example: 'nystrom',
    variant: `${landmarks} landmarks`,
    consts: { landmarks },
    fixed: { D: 6, E: 5 },
    lengths,
    sizes: (length) => ({ B: 2, H: 3, N: length }),
    inputs: ({ sizes: { B, H, N, D, E }, normal }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => ({ y: head(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h), landmarks) })),
  });

// One landmark gives the mean of the values; as many as tokens make the first and the last map equal to the one between.
export const cases = [cased(1, [1, 5]), cased(4, [4, 12, 33]), cased(12, [24])];
