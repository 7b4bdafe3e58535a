/** Statistics of a map of weights, each from the finished map. */
import {
  column,
  dot,
  eachHead,
  element,
  list,
  matrix,
  sum,
  table,
  tensor,
  vector,
  weighted,
  type Matrix,
  type Tensor,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { maps } from '../select.ts';

/** The last query sees the last key; where there are more queries than keys the first ones see none. */
const seen = (N: number, M: number) => (i: number, j: number) => j <= i + M - N;
const mapOf = (q: Matrix, k: Matrix) => maps(q, k, seen(q.length, k.length));
const keptRows = (N: number, M: number): Tensor => tensor(list(N, (i) => (i + M - N >= 0 ? 1 : 0)));

const BLOCK = 4;
const shared = {
  example: 'reductions',
  lengths: [1, 7, 33],
  sizes: (N: number) => ({ B: 2, H: 3, N, M: N + 4, S: 3 }),
} as const;
/** More queries than keys. */
const empty = {
  ...shared,
  variant: 'empty rows',
  sizes: (N: number) => ({ B: 1, H: 2, N: N + 5, M: N, S: 2 }),
};

const rowsCase = (text: typeof shared | typeof empty) =>
  referenceCase({
    ...text,
    fixed: { D: 6, E: 5 },
    inputs: ({ sizes: { B, H, N, M, S, D, E }, normal, values }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
      document: values([B, M], ({ pick }) => pick([0, 1, 1, 4])),
      label: values([S], (_, n) => [1, 4, 0][n]!),
    }),
    reference: ({ q, k, v, document, label }, sizes) => ({
      kept: keptRows(sizes.N, sizes.M),
      ...eachHead(sizes, (b, h) => {
        const rows = mapOf(matrix(q, b, h), matrix(k, b, h)).map((row, i) => {
          const count = Math.max(0, i + sizes.M - sizes.N + 1);
          const kept = row.s.slice(0, count);
          const top = kept.length === 0 ? -Infinity : Math.max(...kept);
          return { ...row, top, best: kept.indexOf(top), last: count - 1 };
        });
        return {
          y: rows.map(({ p }) => weighted(p, matrix(v, b, h))),
          lse: rows.map(({ lse }) => lse),
          top: rows.map(({ top }) => top),
          best: rows.map(({ best }) => best),
          share: rows.map(({ p }) => Math.max(...p)),
          entropy: rows.map(({ p }) => -sum(p.map((x) => (x > 0 ? x * Math.log(x) : 0)))),
          reach: rows.map(({ p, last }) => sum(p.map((x, j) => x * (last - j)))),
          span: rows.map(({ p }) =>
            vector(label).map((l) => sum(p.filter((_, j) => element(document, b, j) === l))),
          ),
        };
      }),
    }),
  });

const columnsCase = (text: typeof shared | typeof empty) =>
  referenceCase({
    ...text,
    kernel: 'reductions_columns',
    fixed: { D: 6 },
    sizes: (N) => ({ B: 2, H: 3, N: text.sizes(N).N, M: text.sizes(N).M }),
    inputs: ({ sizes: { B, H, N, M, D }, normal, values }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      // A window of rows.
      weight: values([B, N], (_, n) => (n % N >= N / 2 ? 1 : 0)),
    }),
    reference: ({ q, k, weight }, sizes) => ({
      kept: keptRows(sizes.N, sizes.M),
      ...eachHead(sizes, (b, h) => {
        const map = mapOf(matrix(q, b, h), matrix(k, b, h)).map(({ p }) => p);
        const columns = Array.from({ length: sizes.M }, (_, j) => column(map, j));
        const w = vector(weight, b);
        const rows = sum(w);
        const spread = (x: number[]): number => {
          const mean = dot(w, x) / rows;
          return rows > 1 ? sum(x.map((p, i) => w[i]! * (p - mean) ** 2)) / (rows - 1) : 0;
        };
        return {
          hit: columns.map((x) => dot(w, x)),
          square: columns.map((x) => sum(x.map((p, i) => w[i]! * p * p))),
          variance: columns.map(spread),
          // A key that no query sees has no greatest weight.
          highest: columns.map((x, j) =>
            x.some((_, i) => seen(sizes.N, sizes.M)(i, j)) ? Math.max(...x) : -Infinity,
          ),
        };
      }),
    }),
  });

const blocksCase = (text: typeof shared | typeof empty) =>
  referenceCase({
    ...text,
    kernel: 'reductions_blocks',
    consts: { block: BLOCK },
    fixed: { D: 6 },
    sizes: (N) => ({ B: 2, H: 3, N: text.sizes(N).N, M: text.sizes(N).M }),
    inputs: ({ sizes: { B, H, N, M, D }, normal }) => ({ q: normal(B, H, N, D), k: normal(B, H, M, D) }),
    reference: ({ q, k }, sizes) => {
      const { N, M } = sizes;
      const blocks = (f: (i: number, j: number) => number): Matrix => {
        const out = table(Math.ceil(N / BLOCK), Math.ceil(M / BLOCK), () => 0);
        for (let i = 0; i < N; i++)
          for (let j = 0; j < M; j++) out[Math.floor(i / BLOCK)]![Math.floor(j / BLOCK)]! += f(i, j);
        return out;
      };
      const some = blocks((i, j) => (seen(N, M)(i, j) ? 1 : 0));
      return {
        kept: keptRows(N, M),
        seen: tensor(some.map((row) => row.map((n) => (n > 0 ? 1 : 0)))),
        ...eachHead(sizes, (b, h) => {
          const map = mapOf(matrix(q, b, h), matrix(k, b, h));
          return { total: blocks((i, j) => map[i]!.p[j]!) };
        }),
      };
    },
  });

const diagonalsCase = (text: typeof shared | typeof empty) =>
  referenceCase({
    ...text,
    kernel: 'reductions_diagonals',
    fixed: { D: 6 },
    sizes: (N) => ({ B: 2, H: 3, N: text.sizes(N).N, M: text.sizes(N).M }),
    inputs: ({ sizes: { B, H, N, M, D }, normal }) => ({ q: normal(B, H, N, D), k: normal(B, H, M, D) }),
    reference: ({ q, k }, sizes) => ({
      kept: keptRows(sizes.N, sizes.M),
      ...eachHead(sizes, (b, h) => {
        const slash = list(sizes.M, () => 0);
        mapOf(matrix(q, b, h), matrix(k, b, h)).forEach(({ p }, i) =>
          p.forEach((x, j) => {
            if (seen(sizes.N, sizes.M)(i, j)) slash[i + sizes.M - sizes.N - j]! += x;
          }),
        );
        return { slash };
      }),
    }),
  });

const entriesCase = (text: typeof shared | typeof empty) =>
  referenceCase({
    ...text,
    kernel: 'reductions_entries',
    fixed: { D: 6 },
    inputs: ({ sizes: { B, H, N, M, S, D }, normal, values }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      // The last entry is one that the mask removes, where there is one.
      row: values([S], ({ int }, n) => (n === S - 1 ? 0 : int(0, N - 1))),
      column: values([S], ({ int }, n) => (n === S - 1 ? M - 1 : int(0, M - 1))),
    }),
    reference: ({ q, k, row, column: at }, sizes) => ({
      kept: keptRows(sizes.N, sizes.M),
      ...eachHead(sizes, (b, h) => {
        const map = mapOf(matrix(q, b, h), matrix(k, b, h));
        const places = vector(row).map((i, n) => [i, element(at, n)] as const);
        return {
          entry: places.map(([i, j]) => map[i]!.s[j]!),
          weight: places.map(([i, j]) => map[i]!.p[j]!),
        };
      }),
    }),
  });

export const cases = [shared, empty].flatMap((text) => [
  rowsCase(text),
  columnsCase(text),
  blocksCase(text),
  diagonalsCase(text),
  entriesCase(text),
]);
