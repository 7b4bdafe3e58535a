/** Parts of a softmax, and attention over them put together without their lse: the sums of all exponentials. */
import { dot, list, scaled, sum, weighted, type Matrix, type Vector } from '../arrays.ts';
import { masked } from '../select.ts';

export interface Part {
  readonly o: Vector;
  readonly lse: number;
}

/** Attention of one query over some of the keys; zeros and minus infinity where there are none. */
export function part(q: Vector, k: Matrix, v: Matrix, keep: (j: number) => boolean): Part {
  const { p, lse } = masked(
    k.map((key) => dot(q, key) / Math.sqrt(q.length)),
    keep,
  );
  return { o: weighted(p, v), lse };
}

/** Numerators and denominators added, relative to the greatest of the logarithms. */
export function together(parts: readonly Part[]): Part {
  const top = Math.max(...parts.map(({ lse }) => lse));
  if (top === -Infinity) return { o: parts[0]!.o.map(() => 0), lse: -Infinity };
  const sizes = parts.map(({ lse }) => Math.exp(lse - top));
  const total = sum(sizes);
  const o = list(parts[0]!.o.length, (e) =>
    sum(parts.map((x, s) => (sizes[s]! > 0 ? sizes[s]! * x.o[e]! : 0))),
  );
  return { o: scaled(o, 1 / total), lse: top + Math.log(total) };
}
