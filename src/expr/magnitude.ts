/** Upper bounds of magnitudes as sums that floats compute without overflow: Σ by·atom + constant, in f32. */
import { f32, key, op, type Expr } from './expr.ts';

interface Part {
  readonly atom: Expr;
  readonly by: number;
}

export class Magnitude {
  /** @param finite false: nothing is known */
  constructor(
    readonly constant = 0,
    private readonly parts: ReadonlyMap<string, Part> = new Map(),
    readonly finite = true,
  ) {}

  /** @param atom of type f32, not negative */
  static of(atom: Expr): Magnitude {
    return new Magnitude(0, new Map([[key(atom), { atom, by: 1 }]]));
  }

  plus(other: Magnitude): Magnitude {
    const parts = new Map(this.parts);
    for (const [k, p] of other.parts) parts.set(k, { atom: p.atom, by: (parts.get(k)?.by ?? 0) + p.by });
    return new Magnitude(this.constant + other.constant, parts, this.finite && other.finite);
  }

  /** @param by not negative */
  times(by: number): Magnitude {
    const parts = [...this.parts].map(([k, p]): [string, Part] => [k, { atom: p.atom, by: p.by * by }]);
    return new Magnitude(this.constant * by, new Map(by === 0 ? [] : parts), this.finite);
  }

  product(other: Magnitude): Magnitude {
    if (other.parts.size === 0 && other.finite) return this.times(other.constant);
    if (this.parts.size === 0 && this.finite) return other.times(this.constant);
    const atom = op('mul', this.expr(), other.expr());
    return new Magnitude(0, new Map([[key(atom), { atom, by: 1 }]]), this.finite && other.finite);
  }

  expr(): Expr {
    const terms = [...this.parts.values()].map((p): Expr =>
      p.by === 1 ? p.atom : op('mul', p.atom, f32(p.by)),
    );
    if (this.constant > 0 || terms.length === 0) terms.push(f32(this.constant));
    return terms.reduce((a, b) => op('add', a, b));
  }
}

export const UNBOUNDED = new Magnitude(0, new Map(), false);
