/** Tokens are (time, channel); content, distance in time and distance between channels are scored apart. */
import { dot, element, list, plus, tensor, vector, weighted } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { masked } from '../select.ts';

export const cases = [
  referenceCase({
    example: 'mvpa',
    fixed: { D: 6, E: 5 },
    lengths: [1, 4, 14],
    params: { reach: 3 },
    sizes: (T) => ({ B: 2, H: 4, G: 2, T, C: 3 }),
    inputs: ({ normal, sizes: { B, H, G, T, C, D, E } }) => ({
      q: normal(B, H, T, C, D),
      k: normal(B, G, T, C, D),
      v: normal(B, G, T, C, E),
      u: normal(G, D),
      w: normal(G, D),
      z: normal(G, D),
      tk: normal(G, T, D),
      ck: normal(G, C, D),
    }),
    reference: ({ q, k, v, u, w, z, tk, ck }, { B, H, G, T, C, D, E }, { reach }) => {
      const row = (b: number, h: number, ti: number, ci: number): number[] => {
        const g = Math.floor(h / (H / G));
        const qi = vector(q, b, h, ti, ci);
        const scores = list(T * C, (n) => {
          const [tj, cj] = [Math.floor(n / C), n % C];
          if (tj > ti) return 0;
          const near = Math.abs(ti - tj) <= reach || ti === T - 1;
          const content = near ? dot(plus(qi, vector(u, g)), vector(k, b, g, tj, cj)) : 0;
          const inTime = dot(plus(qi, vector(w, g)), vector(tk, g, T - 1 - (ti - tj)));
          const inSpace = dot(plus(qi, vector(z, g)), vector(ck, g, C - 1 - Math.abs(ci - cj)));
          return (content + inTime + inSpace) / Math.sqrt(D);
        });
        const { p } = masked(scores, (n) => Math.floor(n / C) <= ti);
        return weighted(
          p,
          list(T * C, Number).map((n) => list(E, (e) => element(v, b, g, Math.floor(n / C), n % C, e))),
        );
      };
      return {
        y: tensor(
          list(B, Number).map((b) =>
            list(H, Number).map((h) =>
              list(T, Number).map((t) => list(C, Number).map((c) => row(b, h, t, c))),
            ),
          ),
        ),
      };
    },
  }),
];
