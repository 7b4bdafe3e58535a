/** Gradients through a sigmoid gate on the output. */
import {
  dot,
  eachHead,
  element,
  list,
  matrix,
  sigmoid,
  sum,
  tensor,
  vector,
  type Tensor,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { backward, checkGradients, forward, together, type Head } from './backward.ts';

type Inputs = Readonly<Record<'q' | 'k' | 'v', Tensor>>;

const headOf = ({ q, k, v }: Inputs, b: number, h: number): Head => {
  const [rows, keys] = [matrix(q, b, h), matrix(k, b, h >> 1)];
  const ahead = keys.length - rows.length;
  return { q: rows, k: keys, v: matrix(v, b, h >> 1), keep: (i, j) => j <= i + ahead };
};

export const cases = [
  referenceCase({
    example: 'gate_bwd',
    fixed: { D: 6, E: 5 },
    lengths: [1, 7, 19],
    sizes: (N) => ({ B: 2, H: 4, G: 2, N, M: N + 3 }),
    inputs: ({ sizes, normal, values }) => {
      const { B, H, G, N, M, D, E } = sizes;
      const own = { q: normal(B, H, N, D), k: normal(B, G, M, D), v: normal(B, G, M, E) };
      const saved = eachHead(sizes, (b, h) => {
        const rows = forward(headOf(own, b, h));
        return { o: rows.map(({ o }) => o), lse: rows.map(({ lse }) => lse) };
      });
      return {
        ...own,
        gate_logit: normal(B, H, N, E),
        o: values([B, H, N, E], (_, n) => saved.o.data[n]!),
        lse: values([B, H, N], (_, n) => saved.lse.data[n]!),
        dz: normal(B, H, N, E),
      };
    },
    reference: (x, sizes) => {
      const all = list(sizes.B, (b) => b).map((b) =>
        list(sizes.H, (h) => h).map((h) => {
          const head = headOf(x, b, h);
          const [gate, dz, o] = [matrix(x.gate_logit, b, h), matrix(x.dz, b, h), matrix(x.o, b, h)];
          const dO = dz.map((row, i) => row.map((a, e) => a * sigmoid(gate[i]![e]!)));
          const delta = dO.map((row, i) => dot(row, o[i]!));
          const gradients = backward(head, dO, vector(x.lse, b, h), delta);
          const dgate = gate.map((row, i) =>
            row.map((g, e) => dz[i]![e]! * o[i]![e]! * sigmoid(g) * sigmoid(-g)),
          );
          const value = (): number =>
            sum(
              forward(head).map((row, i) => sum(row.o.map((a, e) => a * sigmoid(gate[i]![e]!) * dz[i]![e]!))),
            );
          checkGradients(value, [
            [head.q, gradients.dq],
            [head.k, gradients.dk],
            [head.v, gradients.dv],
            [gate, dgate],
          ]);
          return { ...gradients, dgate };
        }),
      );
      return {
        dq: tensor(all.map((heads) => heads.map((g) => g.dq))),
        dgate: tensor(all.map((heads) => heads.map((g) => g.dgate))),
        ...eachHead({ B: sizes.B, H: sizes.G }, (b, g) => {
          const [one, two] = [all[b]![2 * g]!, all[b]![2 * g + 1]!];
          return { dk: together([one.dk, two.dk]), dv: together([one.dv, two.dv]) };
        }),
      };
    },
  }),
  referenceCase({
    example: 'gate_bwd',
    kernel: 'gate_bwd_heads',
    fixed: { E: 5 },
    lengths: [1, 19],
    sizes: (N) => ({ B: 2, H: 3, N }),
    inputs: ({ sizes: { B, H, N, E }, normal }) => ({
      gate_logit: normal(B, H, N),
      o: normal(B, H, N, E),
      dz: normal(B, H, N, E),
    }),
    reference: ({ gate_logit, o, dz }, sizes) =>
      eachHead(sizes, (b, h) => {
        const rows = matrix(dz, b, h).map((row, i) => {
          const g = element(gate_logit, b, h, i);
          const towards = dot(row, vector(o, b, h, i));
          return {
            do: row.map((a) => a * sigmoid(g)),
            delta: sigmoid(g) * towards,
            dgate: towards * sigmoid(g) * sigmoid(-g),
          };
        });
        return {
          do: rows.map((r) => r.do),
          delta: rows.map((r) => r.delta),
          dgate: rows.map((r) => r.dgate),
        };
      }),
  }),
];
