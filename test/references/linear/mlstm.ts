/**
 * A matrix memory with exponential gates, in the parallel form: D_tj = sum_j<r<=t log sigma(f_r) + i_j for j <= t and
 * the greatest of a row m_t; y_t = sum_j w_tj v_j / (max(|sum_j w_tj|, e^-m_t) + eps) with w_tj = e^(D_tj - m_t) q_t . k_j / sqrt(D).
 * An initial state (C, n, m) is one more term whose exponent is m and all log sigma(f).
 */
import {
  dot,
  eachHead,
  element,
  list,
  matrix,
  plus,
  sum,
  vector,
  weighted,
  type Matrix,
  type Tensor,
  type Vector,
} from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';
import { logSigmoid } from './gates.ts';

interface Past {
  readonly C: Matrix;
  readonly n: Vector;
  readonly m: number;
}
interface Head {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly i: Vector;
  readonly f: Vector;
  readonly past: Past | undefined;
}

function mlstm({ q, k, v, i, f, past }: Head, eps: number) {
  const passed = (j: number, t: number): number => sum(f.slice(j + 1, t + 1).map(logSigmoid));
  /** Weights of all positions up to t, of the past, and the exponent that they are relative to. */
  const row = (t: number): { own: Vector; before: number; m: number } => {
    const D = list(t + 1, (j) => passed(j, t) + i[j]!);
    const start = past === undefined ? -Infinity : passed(-1, t) + past.m;
    const m = Math.max(start, ...D);
    return { own: D.map((x) => Math.exp(x - m)), before: Math.exp(start - m), m };
  };
  const y = q.map((qt, t) => {
    const { own, before, m } = row(t);
    const scores = own.map((w, j) => (w * dot(qt, k[j]!)) / Math.sqrt(qt.length));
    const values = weighted(scores, v.slice(0, t + 1));
    const reach = before / Math.sqrt(qt.length);
    const read = past ? plus(values, weighted(qt, past.C), reach) : values;
    const total = sum(scores) + (past ? reach * dot(qt, past.n) : 0);
    // Where e^-m is beyond all numbers the row is 0.
    return read.map((x) => x / (Math.max(Math.abs(total), Math.exp(-m)) + eps));
  });
  const { own, before, m } = row(q.length - 1);
  const n = list(k[0]!.length, (d) => sum(own.map((w, j) => w * k[j]![d]!)) + before * (past?.n[d] ?? 0));
  const C = n.map((_, d) => {
    const written = weighted(
      own.map((w, j) => w * k[j]![d]!),
      v,
    );
    return past ? plus(written, past.C[d]!, before) : written;
  });
  return { y, C, n, m };
}

type Sizes = 'B' | 'H' | 'N' | 'D' | 'E';
type Tokens = Readonly<Record<'q' | 'k' | 'v' | 'i' | 'f', Tensor>>;
type Start = Readonly<Record<'C0' | 'n0' | 'm0', Tensor>>;

function tokens({ hazard, normal, values, sizes: { B, H, N, D, E } }: Draw<Sizes>): Tokens {
  return {
    q: normal(B, H, N, D),
    k: normal(B, H, N, D),
    v: normal(B, H, N, E),
    // Extreme: at ±800 f32 keeps 800 * 2^-24 = 5e-5 of an exponent, so no other fractions are added to those.
    i: values([B, H, N], (r) => (hazard === 'extreme' ? r.pick([-800, 800, r.int(-4, 4)]) : r.normal())),
    f: values([B, H, N], (r) => {
      if (hazard === 'strong') return -20;
      if (hazard === 'null') return 40;
      return hazard === 'extreme' ? r.pick([-800, 800]) : 2 + r.normal();
    }),
  };
}

function heads(
  { q, k, v, i, f }: Tokens,
  start: Start | undefined,
  sizes: Readonly<Record<Sizes, number>>,
  eps: number,
): Readonly<Record<'y' | 'C' | 'n' | 'm', Tensor>> {
  return eachHead(sizes, (b, h) => {
    const past = start && {
      C: matrix(start.C0, b, h),
      n: vector(start.n0, b, h),
      m: element(start.m0, b, h),
    };
    const gates = { i: vector(i, b, h), f: vector(f, b, h) };
    return mlstm({ q: matrix(q, b, h), k: matrix(k, b, h), v: matrix(v, b, h), ...gates, past }, eps);
  });
}

const common = {
  example: 'mlstm',
  fixed: { D: 6, E: 5 },
  hazards: ['normal', 'strong', 'null', 'extreme'],
  params: { eps: 1e-6 },
} as const;

export const cases = [
  referenceCase({
    ...common,
    inputs: (draw) => {
      const { B, H, D, E } = draw.sizes;
      const { normal } = draw;
      return { ...tokens(draw), C0: normal(B, H, D, E), n0: normal(B, H, D), m0: normal(B, H) };
    },
    reference: ({ C0, n0, m0, ...of }, sizes, { eps }) => heads(of, { C0, n0, m0 }, sizes, eps),
  }),
  referenceCase({
    ...common,
    variant: 'without a past',
    absent: ['C0', 'n0', 'm0'],
    inputs: (draw) => tokens(draw),
    reference: (of, sizes, { eps }) => heads(of, undefined, sizes, eps),
  }),
];
