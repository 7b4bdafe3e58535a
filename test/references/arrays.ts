/** Plain arrays in float64 for references: tensors, their parts as rows, and the few operations that all of them need. */

/** Extents, outermost first, and the values in memory order. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}
export type Vector = number[];
export type Matrix = number[][];
/** Arrays in arrays; all of one depth have one length. */
export type Nested = number | readonly Nested[];

/** The part of a tensor at its first indices, as a flat array, and the extents that remain. */
function part({ shape, data }: Tensor, lead: readonly number[], rank: number): [number[], readonly number[]] {
  const rest = shape.slice(lead.length);
  if (rest.length !== rank) throw new Error(`a part of ${rest.length} dimensions where ${rank} are meant`);
  const size = rest.reduce((n, extent) => n * extent, 1);
  const start = lead.reduce((at, index, n) => at * shape[n]! + index, 0) * size;
  return [Array.from(data.subarray(start, start + size)), rest];
}

/** Element of a tensor. */
export const element = (x: Tensor, ...index: number[]): number => part(x, index, 0)[0][0]!;

/** The last dimension of a tensor at given indices of the others. */
export const vector = (x: Tensor, ...lead: number[]): Vector => part(x, lead, 1)[0];

/** The last two dimensions of a tensor at given indices of the others. */
export function matrix(x: Tensor, ...lead: number[]): Matrix {
  const [flat, [rows = 0, columns = 0]] = part(x, lead, 2);
  return table(rows, columns, (r, c) => flat[r * columns + c]!);
}

/** A vector by a function of the index. */
export const list = (length: number, value: (n: number) => number): Vector =>
  Array.from({ length }, (_, n) => value(n));

/** A matrix by a function of row and column. */
export const table = (rows: number, columns: number, value: (r: number, c: number) => number): Matrix =>
  Array.from({ length: rows }, (_, r) => list(columns, (c) => value(r, c)));

export const sum = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0);
export const dot = (x: readonly number[], y: readonly number[]): number => {
  if (x.length !== y.length) throw new Error(`a product of ${x.length} and ${y.length} numbers`);
  return x.reduce((a, b, n) => a + b * y[n]!, 0);
};
/** x + factor * y. */
export const plus = (x: readonly number[], y: readonly number[], factor = 1): Vector =>
  x.map((a, n) => a + factor * y[n]!);
export const scaled = (x: readonly number[], factor: number): Vector => x.map((a) => a * factor);
/** Column c of a matrix. */
export const column = (x: Matrix, c: number): Vector => x.map((row) => row[c]!);

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
export const silu = (x: number): number => x * sigmoid(x);
export const softmax = (x: readonly number[]): Vector => {
  const weights = x.map((a) => Math.exp(a - Math.max(...x)));
  return scaled(weights, 1 / sum(weights));
};

/** Sums of rows with a weight for each. */
export const weighted = (weights: readonly number[], rows: Matrix): Vector =>
  rows[0]!.map((_, c) => weights.reduce((a, w, n) => a + w * rows[n]![c]!, 0));

function extents(x: Nested): number[] {
  return typeof x === 'number' ? [] : [x.length, ...(x.length > 0 ? extents(x[0]!) : [])];
}

/** Arrays in arrays as a tensor. */
export function tensor(x: Nested): Tensor {
  const flat = (y: Nested): number[] => (typeof y === 'number' ? [y] : y.flatMap(flat));
  const shape = extents(x);
  const data = Float64Array.from(flat(x));
  if (data.length !== shape.reduce((n, extent) => n * extent, 1))
    throw new Error('rows of different lengths');
  return { shape, data };
}

/** The same values under other extents. */
export function shaped({ shape, data }: Tensor, ...extents: number[]): Tensor {
  if (extents.reduce((a, b) => a * b, 1) !== data.length) throw new Error(`[${shape}] is not [${extents}]`);
  return { shape: extents, data };
}

/** Outputs of every combination of a batch and a head, put together: each gets [B, H, …]. */
export function eachHead<O extends string>(
  { B, H }: { readonly B: number; readonly H: number },
  head: (b: number, h: number) => Readonly<Record<O, Nested>>,
): Record<O, Tensor> {
  const all = Array.from({ length: B }, (_, b) => Array.from({ length: H }, (_, h) => head(b, h)));
  const names = Object.keys(all[0]![0]!) as O[];
  return Object.fromEntries(
    names.map((name) => [name, tensor(all.map((heads) => heads.map((o) => o[name])))]),
  ) as Record<O, Tensor>;
}
