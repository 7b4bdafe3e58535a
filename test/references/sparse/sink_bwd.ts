/** Gradients with a sink: it is one more key with a logit of its own and a value of zeros. */
import { dot, eachHead, element, list, matrix, sum, tensor, vector, type Tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { backward, checkGradients, forward, slopeAt, together, type Head } from './backward.ts';

const WIDTH = 4;
type Inputs = Readonly<Record<'q' | 'k' | 'v', Tensor>>;

const headOf = ({ q, k, v }: Inputs, b: number, h: number): Head => ({
  q: matrix(q, b, h),
  k: matrix(k, b, h >> 1),
  v: matrix(v, b, h >> 1),
  keep: (i, j) => j <= i && i - j < WIDTH,
});
/** Output and lse with the sink. */
const withSink = (head: Head, z: number): { y: number[]; lse: number }[] =>
  forward(head).map(({ o, lse }) => {
    const all = Math.log(Math.exp(lse) + Math.exp(z));
    return { y: o.map((x) => x * Math.exp(lse - all)), lse: all };
  });

export const cases = [
  referenceCase({
    example: 'sink_bwd',
    fixed: { D: 6, E: 5 },
    lengths: [1, 7, 19],
    sizes: (N) => ({ B: 2, H: 4, G: 2, N, M: Math.max(1, N - 6) }),
    params: { width: WIDTH },
    inputs: ({ sizes, normal, values }) => {
      const { B, H, G, N, M, D, E } = sizes;
      const own = { q: normal(B, H, N, D), k: normal(B, G, M, D), v: normal(B, G, M, E) };
      const sink = normal(H);
      const saved = eachHead(sizes, (b, h) => {
        const rows = withSink(headOf(own, b, h), element(sink, h));
        return { y: rows.map(({ y }) => y), lse: rows.map(({ lse }) => lse) };
      });
      return {
        ...own,
        sink,
        y: values([B, H, N, E], (_, n) => saved.y.data[n]!),
        lse: values([B, H, N], (_, n) => saved.lse.data[n]!),
        dy: normal(B, H, N, E),
      };
    },
    reference: (x, sizes) => {
      const all = list(sizes.B, (b) => b).map((b) =>
        list(sizes.H, (h) => h).map((h) => {
          const head = headOf(x, b, h);
          const dy = matrix(x.dy, b, h);
          const delta = dy.map((row, i) => dot(row, vector(x.y, b, h, i)));
          const z = [element(x.sink, h)];
          const lse = vector(x.lse, b, h);
          const gradients = backward(head, dy, lse, delta);
          const dz = -sum(delta.map((d, i) => Math.exp(z[0]! - lse[i]!) * d));
          const value = (): number => sum(withSink(head, z[0]!).map(({ y }, i) => dot(y, dy[i]!)));
          checkGradients(value, [
            [head.q, gradients.dq],
            [head.k, gradients.dk],
            [head.v, gradients.dv],
          ]);
          if (!(Math.abs(slopeAt(value, [z, 0]) - dz) < 1e-4 * (1 + Math.abs(dz))))
            throw new Error('the gradient of the sink is not what differences give');
          return { ...gradients, dz };
        }),
      );
      return {
        dq: tensor(all.map((heads) => heads.map((g) => g.dq))),
        ...eachHead({ B: sizes.B, H: sizes.G }, (b, g) => {
          const [one, two] = [all[b]![2 * g]!, all[b]![2 * g + 1]!];
          return { dk: together([one.dk, two.dk]), dv: together([one.dv, two.dv]) };
        }),
        dsink: tensor(list(sizes.H, (h) => sum(all.map((heads) => heads[h]!.dz)))),
        kept: tensor(list(sizes.N, (i) => (i - WIDTH + 1 < sizes.M ? 1 : 0))),
        seen: tensor(list(sizes.M, () => 1)),
      };
    },
  }),
];
