/** References of mechanisms that have queries, keys and values: what each says is its score, which keys exist, and the weights. */
import { dot, element, list, shaped, tensor, vector, weighted, type Tensor, type Vector } from './arrays.ts';
import { referenceCase, type Draw, type ReferenceCase } from './case.ts';
import { masked } from './select.ts';

type Numbers = Readonly<Record<string, number>>;
type Inputs = Readonly<Record<string, Tensor>>;

/** One query and one key: where they are, their vectors, and the product divided by the root of the width. */
export interface Pair {
  readonly b: number;
  readonly h: number;
  readonly i: number;
  readonly j: number;
  readonly q: Vector;
  readonly k: Vector;
  readonly dot: number;
  /** An element of an input. */
  at(input: string, ...index: number[]): number;
  /** The last dimension of an input. */
  row(input: string, ...lead: number[]): Vector;
  /** Sizes and params. */
  readonly n: Numbers;
}

interface Text {
  readonly example: string;
  readonly kernel?: string;
  readonly variant?: string;
  readonly params?: Numbers;
  readonly consts?: Numbers;
  readonly absent?: readonly string[];
  /** Sizes in the place of the usual ones: B, H, G, N, M, and D, E. */
  readonly sizes?: (length: number) => Numbers;
  readonly lengths?: readonly number[];
  /** As many keys as queries. */
  readonly square?: boolean;
  /** Keys and values have G heads, in blocks of the query's. */
  readonly grouped?: boolean;
  /** Further inputs. */
  readonly more?: (draw: Draw<string>) => Inputs;
  readonly score?: (pair: Pair) => number;
  readonly keep?: (pair: Pair) => boolean;
  /** Weights of the keys that are kept; softmax unless told. */
  readonly weights?: (scores: readonly number[], first: Pair) => Vector;
  /** What is done to the sum of values. */
  readonly after?: (o: Vector, first: Pair) => Vector;
  readonly lse?: boolean;
}

/** Different extents everywhere, and one launch where all are 1. */
const usual = (length: number): Numbers =>
  length === 1 ? { B: 1, H: 1, G: 1, N: 1, M: 1 } : { B: 2, H: 6, G: 3, N: length, M: length + 4 };

const placeOf = (inputs: Inputs, n: Numbers, grouped: boolean) => (b: number, h: number, i: number) => {
  const g = grouped ? Math.floor(h / (n['H']! / n['G']!)) : h;
  const q = vector(inputs['q']!, b, h, i);
  return (j: number): Pair => {
    const k = vector(inputs['k']!, b, g, j);
    return {
      ...{ b, h, i, j, q, k, n, dot: dot(q, k) / Math.sqrt(q.length) },
      at: (input, ...index) => element(inputs[input]!, ...index),
      row: (input, ...lead) => vector(inputs[input]!, ...lead),
    };
  };
};

export function attentionCase(text: Text): ReferenceCase {
  const { square = false, grouped = false, score = (x) => x.dot, keep = () => true } = text;
  const sizes = text.sizes ?? usual;
  return referenceCase({
    ...text,
    fixed: { D: 4, E: 5 },
    lengths: text.lengths ?? [1, 7, 33],
    sizes: (length): Numbers => {
      const { G, M, ...own } = sizes(length);
      return { ...own, ...(grouped ? { G: G! } : {}), ...(square ? {} : { M: M! }) };
    },
    inputs: (draw: Draw<string>): Inputs => {
      const { B, H, G, N, M, D, E } = { ...usual(1), ...draw.sizes } as Record<string, number>;
      const heads = grouped ? G! : H!;
      const keys = square ? N! : M!;
      return {
        q: draw.normal(B!, H!, N!, D!),
        k: draw.normal(B!, heads, keys, D!),
        v: draw.normal(B!, heads, keys, E!),
        ...text.more?.(draw),
      };
    },
    reference: (inputs, given, params) => {
      const n: Numbers = { ...text.consts, ...given, ...params };
      const pairs = placeOf(inputs, square ? { ...n, M: n['N']! } : n, grouped);
      const rows = list(n['B']! * n['H']! * n['N']!, (flat) => flat).map((flat) => {
        const [b, h, i] = [
          Math.floor(flat / n['N']! / n['H']!),
          Math.floor(flat / n['N']!) % n['H']!,
          flat % n['N']!,
        ];
        const pair = pairs(b, h, i);
        const kept = list(square ? n['N']! : n['M']!, (j) => j)
          .map(pair)
          .filter(keep);
        const g = grouped ? Math.floor(h / (n['H']! / n['G']!)) : h;
        const zeros = list(n['E']!, () => 0);
        const scores = kept.map(score);
        const weights =
          kept.length === 0 ? [] : (text.weights?.(scores, kept[0]!) ?? masked(scores, () => true).p);
        const values = kept.map(({ j }) => vector(inputs['v']!, b, g, j));
        const o = kept.length === 0 ? zeros : weighted(weights, values);
        return { y: text.after?.(o, pair(0)) ?? o, lse: masked(scores, () => true).lse };
      });
      const shape = [n['B']!, n['H']!, n['N']!];
      return {
        y: shaped(tensor(rows.map((r) => r.y)), ...shape, n['E']!),
        ...(text.lse ? { lse: shaped(tensor(rows.map((r) => r.lse)), ...shape) } : {}),
      };
    },
  });
}
