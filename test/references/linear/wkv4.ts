/**
 * For each channel an average of values with weights e^((t-1-j) w + k_j) for j < t and e^(u + k_t) for the token itself,
 * by its definition over the whole past; an initial state is a past of total weight q e^m and weighted values p e^m.
 */
import { element, list, sigmoid, table, tensor, type Tensor } from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';

export interface Term {
  /** Logarithm of the weight, relative to `weight`. */
  readonly exponent: number;
  readonly weight: number;
  /** Weighted value, relative to the exponent. */
  readonly value: number;
}

/** Sums of weights and of weighted values, relative to the greatest exponent m. */
export function relative(terms: readonly Term[]): { p: number; q: number; m: number } {
  const m = terms.reduce((most, { exponent }) => Math.max(most, exponent), -Infinity);
  const total = (of: (term: Term) => number): number =>
    terms.reduce((sum, term) => sum + Math.exp(term.exponent - m) * of(term), 0);
  return { p: total((x) => x.value), q: total((x) => x.weight), m };
}

interface Channel {
  readonly k: readonly number[];
  readonly v: readonly number[];
  readonly w: number;
  readonly u: number;
  readonly start: readonly Term[];
}

function average({ k, v, w, u, start }: Channel): { y: number[]; p: number; q: number; m: number } {
  /** What came before position t, each gate between included. */
  const past = (t: number): Term[] => [
    ...start.map((term) => ({ ...term, exponent: term.exponent + t * w })),
    ...list(t, (j) => j).map((j) => ({ exponent: (t - 1 - j) * w + k[j]!, weight: 1, value: v[j]! })),
  ];
  const y = k.map((kt, t) => {
    const { p, q } = relative([...past(t), { exponent: u + kt, weight: 1, value: v[t]! }]);
    return p / q;
  });
  return { y, ...relative(past(k.length)) };
}

/**
 * Keys of about ±400. The exponents of a recurrence are sums like w + m, of which f32 keeps 400 * 2^-24 = 2e-5, step for
 * step and for any order of the sums; so all exponents here are multiples of 1/64, whose sums are exact.
 */
export const keys = <S extends string>({ hazard, values }: Draw<S>, ...shape: number[]): Tensor =>
  values(shape, (r) => (hazard === 'extreme' ? r.pick([-400, 400]) + r.int(-128, 128) / 64 : r.normal()));

type Sizes = 'B' | 'N' | 'C';
type Tokens = Readonly<Record<'k' | 'v' | 'r' | 'w' | 'u', Tensor>>;
type Start = Readonly<Record<'p0' | 'q0' | 'm0', Tensor>>;

function tokens(draw: Draw<Sizes>): Tokens {
  const { hazard, normal, values } = draw;
  const { B, N, C } = draw.sizes;
  return {
    k: keys(draw, B, N, C),
    v: normal(B, N, C),
    r: normal(B, N, C),
    w: values([C], (r) => ({ strong: -20, null: 0 })[hazard as string] ?? -r.int(1, 64) / 64),
    u: values([C], (r) => r.int(-128, 128) / 64),
  };
}

function channels(
  { k, v, r, w, u }: Tokens,
  start: Start | undefined,
  { B, N, C }: Readonly<Record<Sizes, number>>,
): Readonly<Record<'y' | 'p' | 'q' | 'm', Tensor>> {
  const all = list(B, (b) => b).map((b) =>
    list(C, (c) => c).map((c) => {
      const along = (x: Tensor): number[] => list(N, (t) => element(x, b, t, c));
      const { p0, q0, m0 } = start ?? {};
      const past =
        p0 && q0 && m0
          ? [{ exponent: element(m0, b, c), weight: element(q0, b, c), value: element(p0, b, c) }]
          : [];
      return average({ k: along(k), v: along(v), w: element(w, c), u: element(u, c), start: past });
    }),
  );
  const last = (name: 'p' | 'q' | 'm'): Tensor => tensor(all.map((one) => one.map((o) => o[name])));
  const y = all.map((one, b) => table(N, C, (t, c) => sigmoid(element(r, b, t, c)) * one[c]!.y[t]!));
  return { y: tensor(y), p: last('p'), q: last('q'), m: last('m') };
}

const common = {
  example: 'wkv4',
  fixed: {},
  sizes: (N: number) => ({ B: 2, N, C: 5 }),
  hazards: ['normal', 'strong', 'null', 'extreme'],
} as const;

export const cases = [
  referenceCase({
    ...common,
    inputs: (draw) => {
      const { B, C } = draw.sizes;
      return {
        ...tokens(draw),
        p0: draw.normal(B, C),
        q0: draw.values([B, C], (r) => 0.5 + r.next()),
        m0: draw.values([B, C], (r) => r.int(-64, 64) / 64),
      };
    },
    reference: ({ p0, q0, m0, ...of }, sizes) => channels(of, { p0, q0, m0 }, sizes),
  }),
  referenceCase({
    ...common,
    variant: 'without a past',
    absent: ['p0', 'q0', 'm0'],
    inputs: (draw) => tokens(draw),
    reference: (of, sizes) => channels(of, undefined, sizes),
  }),
];
