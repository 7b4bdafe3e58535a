/** Shares of a softmax put together by their sums of exponentials, and the gradients of that. */
import { dot, element, list, plus, scaled, sum, tensor, vector, type Tensor } from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';
import { HALF } from '../select.ts';
import { together, type Part } from './decoding.ts';

const text = { fixed: { E: 5 }, lengths: [1, 7, 33] } as const;
const sizes = (N: number) => ({ S: 4, B: 2, H: 3, N });
type Shared = Pick<Draw<'S' | 'B' | 'H' | 'N' | 'E'>, 'sizes' | 'values' | 'normal'>;

/** Of some rows a share is empty, of some all are; lse of some tens must not overflow. */
const lseOf = ({ sizes: { S, B, H, N }, values }: Shared) =>
  values([S, B, H, N], ({ normal, next }, flat) => {
    const row = flat % N;
    return row % 5 === 3 || next() < 0.25 ? -Infinity : 30 * normal();
  });
const parts = (o: Tensor, lse: Tensor, S: number, at: readonly [number, number, number]): Part[] =>
  list(S, (s) => s).map((s) => ({ o: vector(o, s, ...at), lse: element(lse, s, ...at) }));

/** Something for each row of each head. */
const rows = <T>(
  { B, H, N }: Readonly<Record<'B' | 'H' | 'N', number>>,
  f: (...at: [number, number, number]) => T,
) => list(B, (b) => b).map((b) => list(H, (h) => h).map((h) => list(N, (i) => i).map((i) => f(b, h, i))));

export const cases = [
  referenceCase({
    ...text,
    example: 'merge',
    sizes,
    tolerance: HALF,
    inputs: (draw) => {
      const { S, B, H, N, E } = draw.sizes;
      return { o: draw.normal(S, B, H, N, E), lse_s: lseOf(draw) };
    },
    reference: ({ o, lse_s }, all) => {
      const merged = rows(all, (...at) => together(parts(o, lse_s, all.S, at)));
      return {
        y: tensor(merged.map((x) => x.map((y) => y.map((r) => r.o)))),
        lse: tensor(merged.map((x) => x.map((y) => y.map((r) => r.lse)))),
      };
    },
  }),
  referenceCase({
    ...text,
    example: 'merge',
    kernel: 'merge_two',
    sizes: (N) => ({ B: 2, H: 3, N }),
    inputs: ({ sizes: { B, H, N, E }, normal, values }) => {
      const lse = () => values([B, H, N], ({ normal: n, next }) => (next() < 0.3 ? -Infinity : 30 * n()));
      return { o1: normal(B, H, N, E), lse1: lse(), o2: normal(B, H, N, E), lse2: lse() };
    },
    reference: ({ o1, lse1, o2, lse2 }, all) => {
      const merged = rows(all, (...at) =>
        together([
          { o: vector(o1, ...at), lse: element(lse1, ...at) },
          { o: vector(o2, ...at), lse: element(lse2, ...at) },
        ]),
      );
      return {
        y: tensor(merged.map((x) => x.map((y) => y.map((r) => r.o)))),
        lse: tensor(merged.map((x) => x.map((y) => y.map((r) => r.lse)))),
      };
    },
  }),
  referenceCase({
    ...text,
    example: 'merge',
    kernel: 'merge_carried',
    sizes,
    inputs: (draw) => {
      const { S, B, H, N, E } = draw.sizes;
      const m_s = lseOf(draw);
      const empty = (flat: number): boolean => m_s.data[flat] === -Infinity;
      return {
        m_s,
        l_s: draw.values([S, B, H, N], ({ next }, flat) => (empty(flat) ? 0 : 1 + 3 * next())),
        a_s: draw.values([S, B, H, N, E], ({ normal }, flat) => (empty(Math.floor(flat / E)) ? 0 : normal())),
      };
    },
    reference: ({ m_s, l_s, a_s }, all) => {
      const merged = rows(all, (...at) => {
        const shares = list(all.S, (s) => s);
        const m = Math.max(...shares.map((s) => element(m_s, s, ...at)));
        const factor = (s: number): number => (m === -Infinity ? 0 : Math.exp(element(m_s, s, ...at) - m));
        const l = sum(shares.map((s) => factor(s) * element(l_s, s, ...at)));
        const a = shares.reduce(
          (total, s) => plus(total, vector(a_s, s, ...at), factor(s)),
          list(all.E, () => 0),
        );
        return { m, l, a, y: l > 0 ? scaled(a, 1 / l) : a, lse: m + Math.log(l) };
      });
      const of = <K extends 'm' | 'l' | 'a' | 'y' | 'lse'>(name: K): Tensor =>
        tensor(merged.map((x) => x.map((y) => y.map((r) => r[name]))));
      return { m: of('m'), l: of('l'), a: of('a'), y: of('y'), lse: of('lse') };
    },
  }),
  referenceCase({
    ...text,
    example: 'merge',
    kernel: 'merge_bwd',
    sizes,
    inputs: (draw) => {
      const { S, B, H, N, E } = draw.sizes;
      const [o, lse_s] = [draw.normal(S, B, H, N, E), lseOf(draw)];
      const merged = (n: number): Part =>
        together(parts(o, lse_s, S, [Math.floor(n / (H * N)), Math.floor(n / N) % H, n % N]));
      return {
        o,
        lse_s,
        y: draw.values([B, H, N, E], (_, n) => merged(Math.floor(n / E)).o[n % E]!),
        lse: draw.values([B, H, N], (_, n) => merged(n).lse),
        dy: draw.normal(B, H, N, E),
        dlse: draw.normal(B, H, N),
      };
    },
    reference: ({ o, lse_s, y, lse, dy, dlse }, all) => {
      const gradients = (s: number, at: [number, number, number]): { o: number[]; lse: number } => {
        const own = parts(o, lse_s, all.S, at)[s]!;
        if (own.lse === -Infinity) return { o: own.o.map(() => 0), lse: 0 };
        const w = Math.exp(own.lse - element(lse, ...at));
        const towards = dot(vector(dy, ...at), plus(own.o, vector(y, ...at), -1));
        return { o: scaled(vector(dy, ...at), w), lse: w * (towards + element(dlse, ...at)) };
      };
      const each = list(all.S, (s) => s).map((s) => rows(all, (...at) => gradients(s, at)));
      return {
        do_s: tensor(each.map((b) => b.map((h) => h.map((i) => i.map((g) => g.o))))),
        dlse_s: tensor(each.map((b) => b.map((h) => h.map((i) => i.map((g) => g.lse))))),
      };
    },
  }),
];
