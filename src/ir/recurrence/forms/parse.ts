/**
 * One state whose step is affine, as the chunked form needs it. With S the state before step t:
 *
 *   S' = decay · S + Σ_g key_g ⊗ value_g          (writes: the keys move with the contracted axes, the values do not)
 *   atom = Σ row · S over the contracted axes + own  (every use of the state but its own step)
 *
 * A value may mention atoms: the step then writes what it has read (delta rules), and a chunk needs a triangular solve.
 */
import {
  f32,
  freeVars,
  key,
  substitute,
  visit,
  type Expr,
  type ReadExpr,
  type ReduceExpr,
} from '../../../expr/expr.ts';
import { simplify } from '../../../expr/simplify.ts';
import type { IrDef, IrKernel, IrState } from '../../ir.ts';
import { factors, linearTerms, plus, product, times, type Symbols, type Terms } from './terms.ts';

/** Writes that share a key. */
export interface Group {
  readonly key: Expr;
  /** As written. */
  readonly values: readonly Expr[];
  /** The same as multiples of atoms. */
  readonly linear: Terms;
  /** The summands as they were, by text. */
  readonly summands: ReadonlySet<string>;
  /** A value mentions an atom. */
  readonly inner: boolean;
}
/** factor · sum[contracted](row · S) */
export interface Row {
  readonly factor: Expr;
  readonly row: Expr;
}
/** A write of the same step that the atom sees: factor · sum[contracted](row · key of the group) · its value. */
export interface Own extends Row {
  readonly group: Group;
}
export interface Atom {
  readonly def: IrDef;
  /** Over the state before the step. */
  readonly rows: readonly Row[];
  /** Over the state after the step. */
  readonly after: readonly Row[];
  readonly own: readonly Own[];
  /** What of the atom depends on no state; it may mention earlier atoms. */
  readonly rest: readonly Expr[];
  /** The same as multiples of atoms. */
  readonly linear: Terms;
  /** Something else than the state's own step reads it. */
  readonly outer: boolean;
}
export interface AffineState {
  readonly state: IrState;
  readonly contracted: readonly string[];
  readonly decay: Expr;
  readonly groups: readonly Group[];
  /** In dependence order. */
  readonly atoms: readonly Atom[];
  /** Axes of the state with which nothing but the values moves. */
  readonly valueAxes: readonly string[];
}

const isPlain = (r: ReadExpr, indices: readonly string[]): boolean =>
  r.index.every((x, n) => x.kind === 'var' && x.name === indices[n]);

export class StateParser {
  private readonly defs: ReadonlyMap<string, IrDef>;
  /** Definitions that depend on the state in the same step, without a reduction in between. */
  private readonly direct = new Set<string>();
  /** Sums that read the state: what the rest of the kernel sees of it. */
  private readonly atomNames = new Set<string>();
  private readonly symbols: Symbols;

  constructor(
    private readonly k: IrKernel,
    private readonly s: IrState,
  ) {
    this.defs = new Map(k.defs.map((d) => [d.name, d]));
    for (const d of k.defs) {
      if (!this.sees(d.value)) continue;
      if (d.value.kind === 'reduce') this.atomNames.add(d.name);
      else this.direct.add(d.name);
    }
    this.symbols = {
      is: (r) => r.name === s.name,
      in: (e) => this.sees(e),
      inline: (r) => {
        const d = this.defs.get(r.name);
        return d && substitute(d.value, new Map(d.indices.map((a, n) => [a, r.index[n]!])));
      },
    };
  }

  private sees(e: Expr): boolean {
    let found = false;
    visit(e, (x) => {
      if (x.kind === 'read' && (x.name === this.s.name || this.direct.has(x.name))) found = true;
    });
    return found;
  }

  /** @returns a sentence that says what stands against the chunked form, when something does */
  parse(): AffineState | string {
    const { s } = this;
    const escape = this.escapes();
    if (escape !== undefined) return escape;
    const next = this.version(s.next);
    if (!next) return `the step of ${s.name} is not affine in the state alone`;
    const first = this.contractedAxes();
    if (!first) return `${s.name} is not read by sums over its axes`;
    const contracted = first;
    const groups = this.groups(next.rest, contracted);
    if (!groups) return `${s.name} writes something that is not linear in what it reads`;
    const atoms: Atom[] = [];
    for (const name of this.atomNames) {
      const atom = this.atom(this.defs.get(name)!, contracted, groups);
      if (typeof atom === 'string') return atom;
      atoms.push(atom);
    }
    this.markOuter(atoms);
    const decay = plus(next.terms.map((t) => t.coef));
    const fixed = [
      decay,
      ...groups.map((g) => g.key),
      ...atoms.flatMap((a) => [...a.rows, ...a.after].map((r) => r.row)),
    ].flatMap((e) => [...freeVars(e)]);
    const valueAxes = s.indices.filter((a) => a !== s.axis && !contracted.includes(a) && !fixed.includes(a));
    return { state: s, contracted, decay: simplify(decay), groups, atoms, valueAxes };
  }

  /** Something other than the state's own step and sums over its axes reads it. */
  private escapes(): string | undefined {
    const { k, s } = this;
    const out = k.outputs.find((o) => this.direct.has(o.def));
    if (out) return `${out.name} holds ${s.name} element by element`;
    const other = k.states.find((x) => x !== s && (this.direct.has(x.next) || this.sees(x.init)));
    if (other) return `${other.name} depends on ${s.name} element by element`;
    return undefined;
  }

  /** A definition as decay · S + writes. */
  private version(name: string): Terms | undefined {
    const d = this.defs.get(name)!;
    const t = linearTerms(d.value, this.symbols);
    if (!t || t.terms.some((x) => x.axes.length > 0 || !isPlain(x.read, this.s.indices))) return undefined;
    return t;
  }

  private contractedAxes(): readonly string[] | undefined {
    for (const name of this.atomNames) {
      const r = this.defs.get(name)!.value as ReduceExpr;
      return this.s.indices.filter((a) => r.axes.includes(a));
    }
    return undefined;
  }

  private splitKey(e: Expr, contracted: readonly string[]): { key: Expr; value: Expr } {
    const moves = (x: Expr): boolean => contracted.some((a) => freeVars(x).has(a));
    const all = factors(e);
    return { key: product(all.filter(moves)), value: product(all.filter((x) => !moves(x))) };
  }

  /** Sums as multiples of atoms; undefined when they are something else of them. */
  private inAtoms(summands: readonly Expr[]): Terms | undefined {
    const all = summands.map((e) =>
      linearTerms(e, {
        is: (r) => this.atomNames.has(r.name),
        in: (x) => this.mentionsAtom(x),
        inline: this.symbols.inline,
      }),
    );
    if (all.some((t) => !t || t.terms.some((x) => x.axes.length > 0))) return undefined;
    return { rest: all.flatMap((t) => t!.rest), terms: all.flatMap((t) => t!.terms) };
  }

  /** Atoms that are reached from outputs and other states, also through what outer atoms leave of others. */
  private markOuter(atoms: Atom[]): void {
    const outer = new Set<string>();
    const seen = new Set<string>();
    const walk = (e: Expr): void =>
      visit(e, (x) => {
        if (x.kind !== 'read' || seen.has(x.name)) return;
        seen.add(x.name);
        const atom = atoms.find((a) => a.def.name === x.name);
        if (atom) {
          outer.add(x.name);
          atom.rest.forEach(walk);
        } else {
          const d = this.defs.get(x.name);
          if (d) walk(d.value);
        }
      });
    const roots = [
      ...this.k.outputs.map((o) => o.def),
      ...this.k.states.filter((x) => x !== this.s).map((x) => x.next),
    ];
    for (const name of roots) walk({ kind: 'read', type: 'f32', name, index: [] });
    atoms.forEach((a, n) => (atoms[n] = { ...a, outer: outer.has(a.def.name) }));
  }

  private groups(summands: readonly Expr[], contracted: readonly string[]): Group[] | undefined {
    const made = new Map<string, { key: Expr; values: Expr[]; summands: Set<string> }>();
    for (const e of summands) {
      const split = this.splitKey(e, contracted);
      const g = made.get(key(split.key)) ?? { key: split.key, values: [], summands: new Set() };
      g.values.push(split.value);
      g.summands.add(key(e));
      made.set(key(split.key), g);
    }
    const out: Group[] = [];
    for (const g of made.values()) {
      const linear = this.inAtoms(g.values);
      if (!linear) return undefined;
      out.push({ ...g, linear, inner: linear.terms.length > 0 });
    }
    return out;
  }

  /** Through definitions. */
  private mentionsAtom(e: Expr): boolean {
    let found = false;
    visit(e, (x) => {
      if (x.kind !== 'read' || found) return;
      if (this.atomNames.has(x.name)) found = true;
      else {
        const d = this.defs.get(x.name);
        if (d && this.mentionsAtom(d.value)) found = true;
      }
    });
    return found;
  }

  private atom(d: IrDef, contracted: readonly string[], groups: readonly Group[]): Atom | string {
    const { s } = this;
    const refuse = `${d.name} is not a sum of multiples of ${s.name}`;
    const r = d.value;
    if (r.kind !== 'reduce' || r.op !== 'sum' || r.where) return refuse;
    if ([...r.axes].sort().join() !== [...contracted].sort().join())
      return `${s.name} is summed over different axes`;
    // Versions of the state are kept apart from it: what one has written is then known as the group's value.
    const versions = new Map<string, Terms>();
    const body = linearTerms(r.body, {
      ...this.symbols,
      is: (x) => {
        if (x.name === s.name) return true;
        if (!this.direct.has(x.name) || !isPlain(x, this.defs.get(x.name)!.indices)) return false;
        const v = versions.get(x.name) ?? this.version(x.name);
        if (v) versions.set(x.name, v);
        return v !== undefined;
      },
    });
    if (!body) return refuse;
    const rows: Row[] = [];
    const after: Row[] = [];
    const own: Own[] = [];
    const rest: Expr[] = body.rest.map((e) => ({ ...r, body: e }));
    for (const t of body.terms) {
      if (t.axes.length > 0 || !isPlain(t.read, this.defs.get(t.read.name)?.indices ?? s.indices))
        return refuse;
      const v = versions.get(t.read.name);
      if (v && this.isNext(t.read.name)) {
        const split = this.splitKey(t.coef, contracted);
        after.push({ factor: split.value, row: split.key });
        continue;
      }
      const before = v ? plus(v.terms.map((x) => x.coef)) : f32(1);
      const split = this.splitKey(times(t.coef, before), contracted);
      if (!(before.kind === 'const' && before.value === 0))
        rows.push({ factor: split.value, row: split.key });
      const left = this.ownWrites(t.coef, v?.rest ?? [], groups, contracted, own);
      for (const e of left) {
        if (this.mentionsAtom(e)) return `${d.name} sees part of what the step writes`;
        const part = this.splitKey(times(t.coef, e), contracted);
        rest.push(times(part.value, { ...r, body: part.key }));
      }
    }
    const linear = this.inAtoms(rest);
    return linear ? { def: d, rows, after, own, rest, linear, outer: false } : refuse;
  }

  /** The definition is the state after the step, under whatever name. */
  private isNext(name: string): boolean {
    let at = this.defs.get(this.s.next)!;
    while (at.name !== name) {
      const { value } = at;
      if (value.kind !== 'read' || !this.direct.has(value.name)) return false;
      at = this.defs.get(value.name)!;
      if (!isPlain(value, at.indices)) return false;
    }
    return true;
  }

  /** Collects groups that a version has written whole; gives back the summands that belong to none of those. */
  private ownWrites(
    coef: Expr,
    written: readonly Expr[],
    groups: readonly Group[],
    contracted: readonly string[],
    own: Own[],
  ): Expr[] {
    const texts = new Set(written.map(key));
    const whole = groups.filter((g) => [...g.summands].every((x) => texts.has(x)));
    for (const group of whole) {
      const split = this.splitKey(coef, contracted);
      own.push({ group, factor: split.value, row: split.key });
    }
    return written.filter((e) => !whole.some((g) => g.summands.has(key(e))));
  }
}
