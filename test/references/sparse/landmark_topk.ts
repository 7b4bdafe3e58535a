/** Sections of the past, fetched by their landmarks, which give each the weight that its tokens share. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, eachHead, list, matrix, plus, softmax, weighted, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, few, HALF, topK } from '../select.ts';

const BASE = 10000;

/** Features n and n + D / 2 turned by the position times BASE^(-2 n / D). */
function turned(x: Vector, position: number): Vector {
  const half = x.length / 2;
  return x.map((value, d) => {
    const angle = position * BASE ** ((-2 * (d % half)) / x.length);
    const other = d < half ? -x[d + half]! : x[d - half]!;
    return value * Math.cos(angle) + other * Math.sin(angle);
  });
}
const product = (a: Vector, b: Vector): number => dot(a, b) * a.length ** -0.5;

interface Head {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly pastK: readonly Matrix[];
  readonly pastV: readonly Matrix[];
  readonly landmark: Matrix;
}

function rowsOf({ q, k, v, pastK, pastV, landmark }: Head, most: number): Matrix {
  return q.map((row, i) => {
    const sections = [
      ...topK(
        landmark.map((key) => product(row, key)),
        most,
      ),
    ];
    const step = (pastK[0]?.length ?? 0) + 1;
    const start = sections.length * step;
    const query = turned(row, start + i);
    const own = k.slice(0, i + 1).map((key, j) => product(query, turned(key, start + j)));
    const gates = sections.map((c, n) => product(query, turned(landmark[c]!, n * step + step - 1)));
    const p = softmax([...own, ...gates]);
    const inside = sections.map((c, n) => {
      const scores = pastK[c]!.map((key, x) => product(query, turned(key, n * step + x)));
      return weighted(softmax(scores), pastV[c]!);
    });
    return [...v.slice(0, i + 1), ...inside].reduce(
      (total, value, n) => plus(total, value, p[n]!),
      v[0]!.map(() => 0),
    );
  });
}

const cased = (variant: string, most: number, C: number, value: (r: Random) => number) =>
  referenceCase({
    example: 'landmark_topk',
    variant,
    consts: { most },
    fixed: { D: 8, E: 4 },
    lengths: [1, 9, 20],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 2, N, C, L: 5 }),
    inputs: ({ sizes: { B, H, N, L, D, E }, values }) => ({
      q: values([B, H, N, D], value),
      k: values([B, H, N, D], exact),
      v: values([B, H, N, E], exact),
      past_k: values([B, H, C, L, D], exact),
      past_v: values([B, H, C, L, E], exact),
      landmark: values([B, H, C, D], value),
    }),
    reference: ({ q, k, v, past_k, past_v, landmark }, sizes) =>
      eachHead(sizes, (b, h) => {
        const sections = list(C, (c) => c);
        const head = {
          q: matrix(q, b, h),
          k: matrix(k, b, h),
          v: matrix(v, b, h),
          pastK: sections.map((c) => matrix(past_k, b, h, c)),
          pastV: sections.map((c) => matrix(past_v, b, h, c)),
          landmark: matrix(landmark, b, h),
        };
        return { y: rowsOf(head, most) };
      }),
  });

export const cases = [
  cased('three of seven sections', 3, 7, exact),
  cased('ties', 2, 6, few),
  cased('all sections', 4, 3, exact),
];
