/**
 * Laws of merging attention over parts of the keys: the functions of the library, in the interpreter, on random parts of
 * which some are empty. Merging is associative and commutative, an empty part changes nothing, and the parts of any cut
 * merge to what the whole gives.
 */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { interpretKernel } from '../../src/ir/interpret.ts';
import { kernelOf } from '../support/kernels.ts';
import { catches, demand, holds, type Law } from './law.ts';

interface State {
  /** Natural logarithm of the sum of exponentials; −∞ where the part is empty. */
  readonly lse: number;
  readonly out: number;
}
type Merge = (a: State, b: State) => State;

const PAIR = kernelOf(`kernel pair {
  axes i: N
  in lse_a: f32[i]
  in out_a: f32[i]
  in lse_b: f32[i]
  in out_b: f32[i]
  out lse: f32[i] = merge_lse(lse_a, lse_b)
  out y: f32[i] = merge_out(lse_a, out_a, lse_b, out_b)
}`);
const ALL = kernelOf(`kernel all {
  axes s: S
  in parts: f32[s]
  in o: f32[s]
  out lse: f32[] = merge_states_lse[s](parts)
  out y: f32[] = merge_states[s](parts, o)
}`);
const WHOLE = kernelOf(`kernel whole {
  axes j: M
  in x: f32[j]
  in v: f32[j]
  out lse: f32[] = logsumexp[j](x)
  out y: f32[] = sum[j](softmax[j](x) * v)
}`);

const vector = (data: readonly number[]) => ({ shape: [data.length], data: Float64Array.from(data) });
const stateOf = (r: ReturnType<typeof interpretKernel>): State => ({
  lse: r['lse']!.data[0]!,
  out: r['y']!.data[0]!,
});

const merge: Merge = (a, b) =>
  stateOf(
    interpretKernel(
      PAIR,
      { lse_a: vector([a.lse]), out_a: vector([a.out]), lse_b: vector([b.lse]), out_b: vector([b.out]) },
      { N: 1 },
      {},
    ),
  );
const mergeAll = (parts: readonly State[]): State =>
  stateOf(
    interpretKernel(
      ALL,
      { parts: vector(parts.map((p) => p.lse)), o: vector(parts.map((p) => p.out)) },
      { S: parts.length },
      {},
    ),
  );
const attend = (keys: readonly Key[]): State =>
  stateOf(
    interpretKernel(
      WHOLE,
      { x: vector(keys.map((k) => k.x)), v: vector(keys.map((k) => k.v)) },
      { M: keys.length },
      {},
    ),
  );

interface Key {
  readonly x: number;
  readonly v: number;
}
const number = (least: number, greatest: number): fc.Arbitrary<number> =>
  fc.double({ min: least, max: greatest, noNaN: true });
/** Some weigh much more than others, some are empty and hold a number that must not be seen. */
const state: fc.Arbitrary<State> = fc.record({
  lse: fc.oneof({ weight: 3, arbitrary: number(-40, 40) }, { weight: 1, arbitrary: fc.constant(-Infinity) }),
  out: number(-10, 10),
});
const states = fc.array(state, { minLength: 1, maxLength: 5 });
/** Keys and where they are cut. */
const cuts = fc.record({
  keys: fc.array(fc.record({ x: number(-20, 20), v: number(-10, 10) }), { maxLength: 12 }),
  ends: fc.array(fc.nat(12), { minLength: 1, maxLength: 4 }),
});

const near = (a: number, b: number): boolean =>
  a === b || (Number.isFinite(b) && Math.abs(a - b) <= 1e-12 * Math.max(10, Math.abs(b)));
function same(a: State, b: State, what: string): void {
  demand(near(a.lse, b.lse), () => `${what}: lse ${a.lse} and ${b.lse}`);
  demand(near(a.out, b.out), () => `${what}: out ${a.out} and ${b.out}`);
}

const associative =
  (m: Merge): Law<readonly [State, State, State]> =>
  ([a, b, c]) =>
    same(m(m(a, b), c), m(a, m(b, c)), 'grouping');
const commutative =
  (m: Merge): Law<readonly [State, State, State]> =>
  ([a, b]) =>
    same(m(a, b), m(b, a), 'order');
const neutral =
  (m: Merge): Law<readonly [State, State, State]> =>
  ([a, b]) => {
    const nothing = { lse: -Infinity, out: b.out };
    const expected = a.lse === -Infinity ? { ...a, out: 0 } : a;
    same(m(a, nothing), expected, 'an empty part after');
    same(m(nothing, a), expected, 'an empty part before');
  };
const folds =
  (all: (parts: readonly State[]) => State): Law<readonly State[]> =>
  (parts) =>
    same(all(parts), parts.reduce(merge, { lse: -Infinity, out: 0 }), 'along an axis');
const recomposes =
  (m: Merge): Law<{ readonly keys: readonly Key[]; readonly ends: readonly number[] }> =>
  ({ keys, ends }) => {
    const cut = [0, ...ends.map((n) => Math.min(n, keys.length)).sort((a, b) => a - b), keys.length];
    const parts = cut.slice(1).map((to, n) => attend(keys.slice(cut[n], to)));
    same(parts.reduce(m), attend(keys), 'cuts');
    same(mergeAll(parts), attend(keys), 'cuts along an axis');
  };

// ---- faults

const unweighted: Merge = (a, b) => ({ lse: merge(a, b).lse, out: (a.out + b.out) / 2 });
const withoutEmpty: Merge = (a, b) => {
  const m = Math.max(a.lse, b.lse, -1e38);
  const x = Math.exp(Math.max(a.lse, -1e38) - m);
  const y = Math.exp(Math.max(b.lse, -1e38) - m);
  return { lse: m + Math.log(x + y), out: (x * a.out + y * b.out) / (x + y) };
};
const lopsided: Merge = (a, b) => ({
  ...merge(a, b),
  lse: Math.max(a.lse, b.lse) + (a.lse > b.lse ? 1e-9 : 0),
});

describe('merging', () => {
  const three = fc.tuple(state, state, state);

  it('is associative', () => holds(three, associative(merge), 300));
  it('is commutative', () => holds(three, commutative(merge), 300));
  it('has empty parts as identity', () => holds(three, neutral(merge), 300));
  it('along an axis is merging one by one', () => holds(states, folds(mergeAll), 200));
  it('gives the whole from the parts of any cut', () => holds(cuts, recomposes(merge), 200));

  it('is noticed when parts weigh the same', async () => {
    await catches(three, associative(unweighted), 50);
    await catches(cuts, recomposes(unweighted), 50);
  });
  it('is noticed when an empty part counts', () => catches(three, neutral(withoutEmpty), 50));
  it('is noticed when sides differ', () => catches(three, commutative(lopsided), 50));
  it('is noticed when the last part is lost', () =>
    catches(
      states,
      folds((parts) => mergeAll(parts.slice(0, -1))),
      50,
    ));
});
