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
import type { Decays, When } from './decays.ts';
import type { AffineState, Group, Row } from './parse.ts';
import { plus, times, type Terms } from './terms.ts';
import { readOf, type World } from './world.ts';

/** One right-hand side: what stands for the values' known part, and over which axes it is solved. */
interface Side {
  readonly name: string;
  /** The known part of a row, decayed to the position, in summands. */
  known(r: Row, when: When): readonly Expr[];
  /** Summands without atoms take part. */
  readonly rest: boolean;
}

export class Solver {
  private readonly solved = new Map<Group, IrDef>();
  private readonly responses = new Map<Group, IrDef>();
  private inner: readonly Group[] = [];

  constructor(
    private readonly world: World,
    private readonly x: AffineState,
    private readonly decays: Decays,
    /** What groups with known values contribute to a row inside of the chunk. */
    private readonly contribution: (r: Row, when: When) => readonly Expr[],
  ) {}

  /** @param known there are groups with known values */
  emit(inner: readonly Group[], known: boolean): void {
    const { world, x } = this;
    this.inner = inner;
    const before = new Map<Row, Expr>();
    const knownPart = (r: Row, when: When): readonly Expr[] => {
      if (!known) return [];
      const made =
        before.get(r) ?? readOf(world.keep(`${x.state.name}.known`, plus(this.contribution(r, when))));
      before.set(r, made);
      return [made];
    };
    this.run({ name: 'solved', known: knownPart, rest: true }, this.solved);
    this.run(
      {
        name: 'response',
        known: (r, when) => {
          const { factor, row } = this.decays.query(r.row, when);
          return [times(factor, row)];
        },
        rest: false,
      },
      this.responses,
    );
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
      into.set(g, world.keep(`${value.name}.kept`, readOf(value), this.keptAxes(value.indices)));
    }
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
          body: times(this.decays.scores(r.row, g.key, 'before'), past(g)),
        }));
        parts.push(times(world.at(r.factor, 'in'), plus([...side.known(r, 'before'), ...sums])));
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

  /** Chunk, contracted axes, position, and what values move with. */
  private keptAxes(over: readonly string[]): string[] {
    const { world, x } = this;
    const summed = over.filter((a) => x.contracted.includes(a));
    const values = over.filter((a) => x.valueAxes.includes(a));
    const others = over.filter((a) => ![...summed, ...values, ...world.chunks, world.in].includes(a));
    return [...others, ...world.chunks, ...summed, world.in, ...values];
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
