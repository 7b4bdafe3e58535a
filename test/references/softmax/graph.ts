/** Attention between nodes with biases for the length of the shortest path and for edges; nodes that see none are 0. */
import { dot, element, list, matrix, tensor, vector, weighted, type Tensor } from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';
import { masked } from '../select.ts';

type Sizes = Readonly<Record<'B' | 'H' | 'N' | 'M' | 'D' | 'E' | 'L', number>>;
type Inputs = Readonly<Record<'q' | 'k' | 'v' | 'distance' | 'table', Tensor>>;
interface Edges {
  readonly edge: Tensor;
  readonly adjacent: Tensor;
}

const text = {
  example: 'graph',
  fixed: { D: 6, E: 5 },
  lengths: [1, 7, 21],
  sizes: (N: number) => ({ B: 2, H: 3, N, M: N + 2, L: 4 }),
};

const nodes = ({ normal, values, sizes: { B, H, N, M, D, E, L } }: Draw<keyof Sizes>) => ({
  q: normal(B, H, N, D),
  k: normal(B, H, M, D),
  v: normal(B, H, M, E),
  distance: values([B, N, M], (r) => r.pick([0, 1, 2, 3])),
  table: normal(H, L),
});

function graph({ q, k, v, distance, table }: Inputs, { B, H, N }: Sizes, edges?: Edges) {
  const seen = (b: number, i: number, j: number) => !edges || element(edges.adjacent, b, i, j) === 1;
  const row = (b: number, h: number, i: number): number[] => {
    const qi = vector(q, b, h, i);
    const scores = matrix(k, b, h).map((kj, j) => {
      const bias = element(table, h, element(distance, b, i, j));
      return dot(qi, kj) / Math.sqrt(qi.length) + bias + (edges ? element(edges.edge, b, h, i, j) : 0);
    });
    return weighted(masked(scores, (j) => seen(b, i, j)).p, matrix(v, b, h));
  };
  const all = { b: list(B, Number), h: list(H, Number), i: list(N, Number) };
  const kept = (b: number, i: number) => Number(vector(distance, b, i).some((_, j) => seen(b, i, j)));
  return {
    y: tensor(all.b.map((b) => all.h.map((h) => all.i.map((i) => row(b, h, i))))),
    kept: tensor(all.b.map((b) => all.i.map((i) => kept(b, i)))),
  };
}

export const cases = [
  referenceCase({
    ...text,
    variant: 'edges',
    inputs: (draw: Draw<keyof Sizes>) => {
      const { B, H, N, M } = draw.sizes;
      // Node 0 is alone.
      const alone = (at: number) => Math.floor(at / M) % N === 0;
      return {
        ...nodes(draw),
        edge: draw.normal(B, H, N, M),
        adjacent: draw.values([B, N, M], (r, at) => (!alone(at) && r.next() < 0.4 ? 1 : 0)),
      };
    },
    reference: (inputs, sizes) => graph(inputs, sizes, inputs),
  }),
  referenceCase({
    ...text,
    variant: 'all pairs',
    absent: ['edge', 'adjacent'],
    inputs: nodes,
    reference: (inputs, sizes) => graph(inputs, sizes),
  }),
];
