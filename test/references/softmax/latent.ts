/** Latent attention: keys and values of a head are made of one latent, and the same where matrices are moved. */
import { dot, eachHead, matrix, shaped, table, weighted, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { HALF, masked } from '../select.ts';

const times = (w: Matrix, x: Vector): Vector => w.map((row) => dot(row, x));

/** What all queries and keys of one head have. */
interface Head {
  readonly q: Matrix;
  readonly qr: Matrix;
  readonly latent: Matrix;
  readonly kr: Matrix;
  readonly wk: Matrix;
  readonly wv: Matrix;
}

function expanded({ q, qr, latent, kr, wk, wv }: Head, mscale: number): Matrix {
  const keys = latent.map((c, j) => [...times(wk, c), ...kr[j]!]);
  const values = latent.map((c) => times(wv, c));
  return q.map((nope, i) => {
    const query = [...nope, ...qr[i]!];
    const scores = keys.map((key) => (mscale ** 2 * dot(query, key)) / Math.sqrt(query.length));
    return weighted(masked(scores, (j) => j <= i + keys.length - q.length).p, values);
  });
}

const cased = (example: string) =>
  referenceCase({
    example,
    fixed: { D: 4, R: 2, C: 7, E: 5 },
    lengths: [1, 7, 33],
    sizes: (length) => ({ B: 2, H: 3, N: length, M: length + 4 }),
    params: { mscale: 1.2 },
    tolerance: HALF,
    inputs: ({ sizes: { B, H, N, M, D, R, C, E }, normal }) => ({
      q: normal(B, H, N, D),
      qr: normal(B, H, N, R),
      latent: normal(B, M, C),
      kr: normal(B, M, R),
      w_k: normal(H, D, C),
      w_v: normal(H, E, C),
    }),
    reference: (x, sizes, { mscale }) =>
      eachHead(sizes, (b, h) => {
        const [q, qr] = [matrix(x.q, b, h), matrix(x.qr, b, h)];
        const [latent, kr] = [matrix(x.latent, b), matrix(x.kr, b)];
        return { y: expanded({ q, qr, latent, kr, wk: matrix(x.w_k, h), wv: matrix(x.w_v, h) }, mscale) };
      }),
  });

export const cases = [
  cased('mla_expanded'),
  cased('mla_absorbed'),
  referenceCase({
    example: 'latent',
    fixed: { C: 6, R: 3 },
    lengths: [1, 7, 33],
    sizes: (length) => ({ B: 2, H: 3, N: length, M: length + 4 }),
    params: { scale: 0.3 },
    inputs: ({ sizes: { B, H, N, M, C, R }, normal }) => ({
      q: normal(B, H, N, C),
      qr: normal(B, H, N, R),
      latent: normal(B, M, C),
      kr: normal(B, M, R),
    }),
    reference: ({ q, qr, latent, kr }, sizes, { scale }) =>
      eachHead(sizes, (b, h) => {
        const [c, r] = [matrix(latent, b), matrix(kr, b)];
        const rows = matrix(q, b, h).map((row, i) =>
          masked(
            c.map((key, j) => scale * (dot(row, key) + dot(matrix(qr, b, h)[i]!, r[j]!))),
            (j) => j <= i + sizes.M - sizes.N,
          ),
        );
        return { y: rows.map(({ p }) => weighted(p, c)), lse: rows.map(({ lse }) => lse) };
      }),
  }),
  // The matrices are written out here: a block of ones on a diagonal, at the keys or values of the head.
  referenceCase({
    example: 'transmla',
    fixed: { D: 4 },
    lengths: [1, 7, 33],
    sizes: (length) => ({ B: 2, H: 6, G: 3, N: length, M: length + 4 }),
    inputs: ({ sizes: { B, H, G, N, M, D }, normal }) => ({
      q: normal(B, H, N, D),
      latent: normal(B, M, 2, G, D),
    }),
    reference: ({ q, latent }, { B, H, G, N, M, D }) => {
      const flat = shaped(latent, B, M, 2 * G * D);
      const pick = (part: number, g: number): Matrix =>
        table(D, 2 * G * D, (d, c) => +(c === (part * G + g) * D + d));
      return eachHead({ B, H }, (b, h) => {
        const g = Math.floor(h / (H / G));
        const none = { qr: table(N, 0, () => 0), kr: table(M, 0, () => 0) };
        const own = { q: matrix(q, b, h), latent: matrix(flat, b), wk: pick(0, g), wv: pick(1, g) };
        return { y: expanded({ ...own, ...none }, 1) };
      });
    },
  }),
];
