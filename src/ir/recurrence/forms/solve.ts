/**
 * Values that depend on what the step reads (delta rules), inside a chunk: a unit lower-triangular system
 *
 *   value[r] = known[r] + Σ_{s < r} M[r, s] · value[s] + row[r] · S      with S the state before the chunk,
 *
 * solved by substitution, once from the known part and once per contracted axis from the row, so that both are ready
 * before the state is: value = solved + response · S. (The WY or UT form; Yang et al., Parallelizing Linear Transformers
 * with the Delta Rule over Sequence Length, 2024.)
 */
import { f32, op, read, variable, type Expr } from '../../../expr/expr.ts';
import type { IrDef, IrState } from '../../ir.ts';
import type { Decays } from './decays.ts';
import type { AffineState, Group, Row } from './parse.ts';
import { plus, times, type Terms } from './terms.ts';
import { readOf, type World } from './world.ts';

/** One right-hand side: what stands for the values' known part, and over which axes it is solved. */
interface Side {
  readonly name: string;
  /** The known part of a row, decayed to the position, in summands. */
  known(r: Row): readonly Expr[];
  /** Summands without atoms take part. */
  readonly rest: boolean;
}

export class Solver {
  private readonly solved = new Map<Group, IrDef>();
  private readonly responses = new Map<Group, IrDef>();
  private readonly keyed = new Map<Group, IrDef>();
  private inner: readonly Group[] = [];

  constructor(
    private readonly world: World,
    private readonly x: AffineState,
    private readonly decays: Decays,
    /** Positions strictly before the one at hand. */
    private readonly earlier: Expr,
    private readonly contribution: (r: Row, g: Group) => Expr,
  ) {}

  emit(inner: readonly Group[], known: readonly Group[]): void {
    const { world, x } = this;
    this.inner = inner;
    const before = new Map<Row, Expr>();
    const knownPart = (r: Row): readonly Expr[] => {
      if (known.length === 0) return [];
      const made =
        before.get(r) ??
        readOf(world.keep(`${x.state.name}.known`, plus(known.map((g) => this.contribution(r, g)))));
      before.set(r, made);
      return [made];
    };
    this.run({ name: 'solved', known: knownPart, rest: true }, this.solved);
    const since = this.decays.since();
    this.run(
      { name: 'response', known: (r) => [times(world.at(r.row, 'in'), since)], rest: false },
      this.responses,
    );
    for (const g of inner) {
      const key = times(world.at(g.key, 'from'), this.decays.until());
      this.keyed.set(g, world.keep(`${x.state.name}.keyed`, world.guarded(key, 'from', f32(0))));
    }
  }

  /** The keys of a group at each position, decayed to the end of the chunk. */
  keys(g: Group): IrDef {
    return this.keyed.get(g)!;
  }

  /** The values of a group at position `from`, given the state before the chunk. */
  value(g: Group, state: Expr): Expr {
    const { world, x } = this;
    const swap = new Map([[world.in, variable(world.from)]]);
    const response: Expr = {
      kind: 'reduce',
      type: 'f32',
      op: 'sum',
      axes: x.contracted,
      body: times(readOf(this.responses.get(g)!, swap), state),
    };
    return op('add', readOf(this.solved.get(g)!, swap), response);
  }

  /** Substitution along the chunk for all groups at once: the values so far are a state over the positions. */
  private run(side: Side, into: Map<Group, IrDef>): void {
    const { world, x } = this;
    const over = this.axesOfValues(side);
    const indices = [...over, world.from, world.in];
    const names = new Map(
      this.inner.map((g) => [g, world.names.fresh(`${x.state.name}.${side.name}.past`)] as const),
    );
    const past = (g: Group): Expr =>
      read(
        names.get(g)!,
        indices.map((a) => variable(a)),
      );
    const values = new Map<Group, IrDef>();
    const step = this.step(side, past, (g, value) => {
      const def = world.let(`${x.state.name}.${side.name}`, world.guarded(value, 'in', f32(0)), [
        ...over,
        world.in,
      ]);
      values.set(g, def);
      return readOf(def);
    });
    for (const g of this.inner) {
      step(g);
      const value = values.get(g)!;
      this.history(names.get(g)!, indices, value);
      into.set(g, world.keep(`${value.name}.kept`, readOf(value), value.indices));
    }
  }

  private readonly systems = new Map<string, Expr>();
  /** The system's matrix between a row and a group: 0 from the diagonal on. */
  private coefficients(r: Row, g: Group): Expr {
    const id = JSON.stringify([r.row, g.key]);
    const known = this.systems.get(id);
    if (known) return known;
    const scores = op('select', this.earlier, this.decays.scores(r.row, g.key), f32(0));
    const made = readOf(this.world.keep(`${this.x.state.name}.system`, scores));
    this.systems.set(id, made);
    return made;
  }

  /** The value of a group at the position at hand, given those before. */
  private step(
    side: Side,
    past: (g: Group) => Expr,
    made: (g: Group, value: Expr) => Expr,
  ): (g: Group) => Expr {
    const { world, x } = this;
    const values = new Map<Group, Expr>();
    const atoms = new Map<string, Expr>();
    const linear = (t: Terms): Expr[] => [
      ...(side.rest ? t.rest.map((e) => world.at(e, 'in')) : []),
      ...t.terms.map((y) => times(world.at(y.coef, 'in'), atomOf(y.read.name))),
    ];
    const atomOf = (name: string): Expr => {
      const known = atoms.get(name);
      if (known) return known;
      const a = x.atoms.find((y) => y.def.name === name)!;
      const parts = linear(a.linear);
      for (const r of a.rows) {
        const sums = this.inner.map((g): Expr => ({
          kind: 'reduce',
          type: 'f32',
          op: 'sum',
          axes: [world.from],
          body: times(this.coefficients(r, g), past(g)),
        }));
        parts.push(times(world.at(r.factor, 'in'), plus([...side.known(r), ...sums])));
      }
      // Writes of the same step that the atom sees.
      for (const o of a.own) {
        if (!o.group.inner && !side.rest) continue;
        const value = o.group.inner ? valueOf(o.group) : plus(o.group.values.map((v) => world.at(v, 'in')));
        const dot: Expr = {
          kind: 'reduce',
          type: 'f32',
          op: 'sum',
          axes: x.contracted,
          body: times(world.at(o.row, 'in'), world.at(o.group.key, 'in')),
        };
        parts.push(times(times(world.at(o.factor, 'in'), dot), value));
      }
      const value = plus(parts);
      atoms.set(name, value);
      return value;
    };
    const valueOf = (g: Group): Expr => {
      const known = values.get(g);
      if (known) return known;
      const value = made(g, plus(linear(g.linear)));
      values.set(g, value);
      return value;
    };
    return valueOf;
  }

  /** A state over the positions that holds the value of each one passed, and 0 for the others. */
  private history(name: string, indices: readonly string[], value: IrDef): void {
    const { world } = this;
    const before = read(
      name,
      indices.map((a) => variable(a)),
    );
    const here = op('eq', variable(world.in), variable(world.from));
    const next = world.let(`${name}.next`, op('select', here, readOf(value), before), indices);
    const s: IrState = {
      name,
      axis: world.in,
      reverse: world.reverse,
      indices,
      type: 'f32',
      init: f32(0),
      next: next.name,
      final: world.names.fresh(`${name}.last`),
    };
    world.states.push(s);
  }

  /** Every axis that a right-hand side brings in, without the positions. */
  private axesOfValues(side: Side): readonly string[] {
    const { world } = this;
    const all = new Set<string>();
    // Without past values and names the expressions only tell their axes.
    const step = this.step(
      side,
      () => f32(0),
      (_, value) => {
        world.axesOf(value).forEach((a) => all.add(a));
        return value;
      },
    );
    for (const g of this.inner) step(g);
    return [...all].filter((a) => a !== world.in && a !== world.from);
  }
}
