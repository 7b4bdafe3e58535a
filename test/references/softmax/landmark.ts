/** Own tokens and landmarks of earlier sections share one softmax; a landmark's weight is shared out within its section. */
import {
  dot,
  eachHead,
  element,
  list,
  matrix,
  softmax,
  sum,
  tensor,
  weighted,
  type Matrix,
  type Vector,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';

/** Section of each position: how many landmarks come before it. */
const sections = (marks: readonly boolean[]): number[] =>
  marks.map((_, j) => marks.slice(0, j).filter(Boolean).length);

function row(scores: Vector, marks: readonly boolean[], i: number): Vector {
  const section = sections(marks);
  const all = list(scores.length, Number);
  const own = all.filter((j) => j <= i && section[j] === section[i] && !marks[j]);
  const earlier = all.filter((j) => marks[j] && section[j]! < section[i]!);
  const weights = scores.map(() => 0);
  const group = [...own, ...earlier];
  if (group.length === 0) return weights;
  const gate = softmax(group.map((j) => scores[j]!));
  own.forEach((j, n) => (weights[j] = gate[n]!));
  earlier.forEach((mark, n) => {
    const tokens = all.filter((j) => section[j] === section[mark] && !marks[j]);
    if (tokens.length === 0) return;
    const inside = softmax(tokens.map((j) => scores[j]!));
    tokens.forEach((j, m) => (weights[j] = gate[own.length + n]! * inside[m]!));
  });
  return weights;
}

const attention = (q: Matrix, k: Matrix, v: Matrix, marks: readonly boolean[]): Matrix =>
  q.map((qi, i) =>
    weighted(
      row(
        k.map((kj) => dot(qi, kj) / Math.sqrt(qi.length)),
        marks,
        i,
      ),
      v,
    ),
  );

const landmark = (variant: string, marked: (at: number, random: number) => boolean) =>
  referenceCase({
    example: 'landmark',
    variant,
    fixed: { D: 6, E: 5 },
    consts: { most: 16 },
    lengths: [1, 7, 33],
    sizes: (N) => ({ B: 2, H: 3, N }),
    inputs: ({ normal, values, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      marks: values([B, N], (r, at) => Number(marked(at % N, r.next()))),
    }),
    reference: ({ q, k, v, marks }, sizes) => {
      const of = (b: number) => list(sizes.N, (j) => element(marks, b, j)).map((m) => m === 1);
      return {
        ...eachHead(sizes, (b, h) => ({
          y: attention(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h), of(b)),
        })),
        kept: tensor(
          list(sizes.B, Number).map((b) =>
            list(sizes.N, (i) =>
              Number(
                sum(
                  of(b)
                    .slice(0, i + 1)
                    .map((m) => (m ? 0 : 1)),
                ) > 0,
              ),
            ),
          ),
        ),
      };
    },
  });

export const cases = [
  landmark('every fifth', (at) => at % 5 === 4),
  // Sections of all lengths, empty ones among them.
  landmark('anywhere', (_, random) => random < 0.3),
  landmark('none', () => false),
];
