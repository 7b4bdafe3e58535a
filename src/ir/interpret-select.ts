/** Selections of the interpreter: the order that they are defined by, looked at anew for each question. */
import type { Evaluator } from '../expr/evaluate.ts';
import type { SelectOp } from '../expr/ops.ts';

/** The elements that exist, in increasing order of their index. */
interface Elements {
  /** Brings the indices up to date and returns how many there are. */
  readonly start: () => number;
  readonly column: Int32Array;
  readonly place: (n: number) => void;
  readonly body: Evaluator;
}

/** @param args of the selection, evaluated outside of it */
export function selector(name: SelectOp, x: Elements, args: readonly Evaluator[]): Evaluator {
  if (name === 'nth') return nth(x, args[0]!);
  const [at, by] = [args[0]!, args[1]!];
  const values = new Float64Array(x.column.length);
  return () => {
    const [index, limit] = [at(), by()];
    const count = x.start();
    let own = -1;
    for (let n = 0; n < count; n++) {
      x.place(n);
      values[n] = x.body();
      if (x.column[n] === index) own = n;
    }
    if (own < 0) return 0;
    const isBefore = (n: number): boolean =>
      values[n]! > values[own]! || (values[n] === values[own] && n < own);
    const taken =
      name === 'topk' ? rank(count, isBefore) < limit : isWithin(values.subarray(0, count), isBefore, limit);
    return taken ? 1 : 0;
  };
}

function rank(count: number, isBefore: (n: number) => boolean): number {
  let before = 0;
  for (let n = 0; n < count; n++) if (isBefore(n)) before++;
  return before;
}

/** What comes before an element does not reach the share yet. */
function isWithin(values: Float64Array, isBefore: (n: number) => boolean, share: number): boolean {
  if (share >= 1) return true;
  let [before, all] = [0, 0];
  values.forEach((v, n) => {
    all += v;
    if (isBefore(n)) before += v;
  });
  return before < share * all;
}

function nth(x: Elements, which: Evaluator): Evaluator {
  return () => {
    let left = which();
    if (left < 0) return -1;
    const count = x.start();
    for (let n = 0; n < count; n++) {
      x.place(n);
      if (x.body() !== 0 && left-- === 0) return x.column[n]!;
    }
    return -1;
  };
}
