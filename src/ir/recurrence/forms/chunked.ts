/**
 * The chunked form of one affine state: contractions inside a chunk, the state carried from chunk to chunk.
 *
 *   atom[c, r] = own + since[c, r] · (row · S[c]) + Σ_{s before r} P[c, r, s] · value[c, s]
 *   S[c + 1]   = total[c] · S[c] + Σ_s (key · until)[c, s] ⊗ value[c, s]
 *
 * P[c, r, s] is row · key, decayed over the steps strictly between s and r. Values that mention atoms are solved for
 * first: `solve.ts`.
 */
import { op, read, variable, type Expr } from '../../../expr/expr.ts';
import type { IrDef } from '../../ir.ts';
import { Decays } from './decays.ts';
import type { AffineState, Atom, Group, Row } from './parse.ts';
import { Solver } from './solve.ts';
import { isNumber, plus, times } from './terms.ts';
import { readOf, type World } from './world.ts';

export class Chunked {
  private readonly decays: Decays;
  /** The carried state before each chunk. */
  private before: IrDef | undefined;
  private readonly solved = new Map<Group, IrDef>();

  constructor(
    private readonly world: World,
    private readonly x: AffineState,
  ) {
    this.decays = new Decays(world, x);
  }

  emit(): void {
    const { world, x } = this;
    const inner = x.groups.filter((g) => g.inner);
    const known = x.groups.filter((g) => !g.inner);
    const solver =
      inner.length > 0
        ? new Solver(world, x, this.decays, this.earlier(), (r, g) => this.known(r, g))
        : undefined;
    solver?.emit(inner, known);
    this.carry(known, inner, solver);
    for (const a of x.atoms)
      // What only the step itself uses was solved away.
      if (a.outer) {
        const kept = world.keep(`${a.def.name}.chunked`, this.atom(a), world.indices(a.def.indices));
        world.setCounterpart(a.def.name, kept.name);
      }
  }

  private sum(axes: readonly string[], body: Expr, where?: Expr): Expr {
    return { kind: 'reduce', type: 'f32', op: 'sum', axes, body, ...(where ? { where } : {}) };
  }

  private carry(known: readonly Group[], inner: readonly Group[], solver: Solver | undefined): void {
    const { world, x } = this;
    const { state } = x;
    const indices = state.indices.map((a) => (a === state.axis ? world.chunk : a));
    const writes = known.map((g) => this.written(g));
    const total = known.length > 0 ? world.keep(`${state.name}.written`, plus(writes), indices) : undefined;
    const init = state.init;
    const kept: { group: Group; value: (before: Expr) => Expr }[] = [];
    const s = world.state(
      { base: `${state.name}.chunks`, axis: world.chunk, indices, init, final: state.final },
      (before) => {
        const parts = [this.decays.whole(before), ...(total ? [readOf(total)] : [])];
        for (const group of inner) {
          const value = world.let(`${state.name}.value`, solver!.value(group, before));
          parts.push(this.sum([world.from], times(readOf(solver!.keys(group)), readOf(value))));
          kept.push({ group, value: () => readOf(value) });
        }
        return plus(parts);
      },
    );
    this.before = world.keep(`${state.name}.before`, readOf(s), indices);
    for (const { group, value } of kept)
      this.solved.set(group, world.keep(`${state.name}.values`, value(readOf(s))));
  }

  /** What a chunk adds by a group whose values are known. */
  private written(g: Group): Expr {
    const { world } = this;
    const exists = world.exists('from');
    const value = plus(g.values.map((v) => world.at(v, 'from')));
    const weight = times(world.at(g.key, 'from'), this.decays.until());
    return this.sum([world.from], times(weight, value), exists);
  }

  private value(g: Group, place: 'in' | 'from'): Expr {
    const { world } = this;
    const solved = this.solved.get(g);
    if (!solved) return plus(g.values.map((v) => world.at(v, place)));
    return place === 'from' ? readOf(solved) : readOf(solved, new Map([[world.from, variable(world.in)]]));
  }

  /** Σ over the positions before r of what a group with known values contributes to a row. */
  private known(r: Row, g: Group): Expr {
    const { world } = this;
    return this.sum(
      [world.from],
      times(this.decays.scores(r.row, g.key), this.value(g, 'from')),
      this.earlier(),
    );
  }

  /** Positions strictly before the one at hand, in the direction of the recurrence. */
  private earlier(): Expr {
    const { world } = this;
    const [at, from] = [variable(world.in), variable(world.from)];
    if (!world.reverse) return op('lt', from, at);
    const exists = world.exists('from');
    const later = op('gt', from, at);
    return exists ? op('and', later, exists) : later;
  }

  private atom(a: Atom): Expr {
    const { world, x } = this;
    const parts = a.rest.map((e) => world.at(e, 'in'));
    for (const o of a.own) {
      const dot = this.sum(x.contracted, times(world.at(o.row, 'in'), world.at(o.group.key, 'in')));
      parts.push(times(times(world.at(o.factor, 'in'), dot), this.value(o.group, 'in')));
    }
    for (const r of a.rows) {
      const within = x.groups.map((g) => this.known(r, g));
      const all = plus([this.incoming(r), ...within]);
      parts.push(isNumber(r.factor, 1) ? all : times(world.at(r.factor, 'in'), all));
    }
    return plus(parts);
  }

  /** What the chunk's incoming state contributes to a row. */
  private incoming(r: Row): Expr {
    const { world, x } = this;
    const row = world.at(r.row, 'in');
    const state = read(
      this.before!.name,
      this.before!.indices.map((a) => variable(a)),
    );
    const since = this.decays.since();
    if (isNumber(since, 1)) return this.sum(x.contracted, times(row, state));
    if (this.decays.perRow) return times(since, this.sum(x.contracted, times(row, state)));
    return this.sum(x.contracted, times(times(row, since), state));
  }
}
