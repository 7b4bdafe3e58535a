/** Softmax means of labels with scores w x . question, several heads added up. */
import { dot, element, list, matrix, softmax, sum, tensor, vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';

const sizes = (M: number) => ({ B: 2, H: 4, N: 3, M });
const inputs = { example: 'icl_regression', fixed: { D: 6 }, lengths: [1, 7, 33], sizes };

export const cases = [
  referenceCase({
    ...inputs,
    inputs: ({ normal, sizes: { B, H, N, M, D } }) => ({
      x: normal(B, M, D),
      label: normal(B, M),
      question: normal(B, N, D),
      w: normal(H),
      mu: normal(H),
    }),
    reference: ({ x, label, question, w, mu }, { B, H }) => ({
      y: tensor(
        list(B, Number).map((b) =>
          matrix(question, b).map((ask) => {
            const heads = list(H, (h) => {
              const p = softmax(matrix(x, b).map((row) => element(w, h) * dot(row, ask)));
              return element(mu, h) * dot(p, vector(label, b));
            });
            return sum(heads);
          }),
        ),
      ),
    }),
  }),
  // Heads in pairs of small +w and -w with mu = 1 / (2 w): nearly (1 / M) sum (x_j - mean x) label_j . question.
  referenceCase({
    ...inputs,
    variant: 'a step of descent',
    inputs: ({ normal, values, sizes: { B, H, N, M, D } }) => ({
      x: normal(B, M, D),
      label: normal(B, M),
      question: normal(B, N, D),
      w: values([H], (_, h) => (h % 2 === 0 ? 2 ** -18 : -(2 ** -18))),
      mu: values([H], (_, h) => (h % 2 === 0 ? 2 ** 17 : -(2 ** 17)) / (H / 2)),
    }),
    reference: ({ x, label, question }, { B, M, D }) => ({
      y: tensor(
        list(B, Number).map((b) => {
          const rows = matrix(x, b);
          const centre = list(D, (d) => sum(rows.map((row) => row[d]!)) / M);
          return matrix(question, b).map(
            (ask) => sum(rows.map((row, j) => (dot(row, ask) - dot(centre, ask)) * element(label, b, j))) / M,
          );
        }),
      ),
    }),
  }),
];
