/**
 * The chunked form of one affine state: contractions inside a chunk, the state carried from chunk to chunk.
 *
 *   atom[c, r] = own + query[c, r] · S[c] + Σ_s P[c, r, s] · value[c, s]
 *   S[c + 1]   = total[c] · S[c] + Σ_s writer[c, s] ⊗ value[c, s]
 *
 * P[c, r, s] is row · key, decayed over the steps from s to r. Values that mention atoms are solved for first: `solve.ts`.
 */
import { f32, substitute, variable, type Expr, type ReadExpr } from '../../../expr/expr.ts';
import { Decays, type When } from './decays.ts';
import type { IrState } from '../../ir.ts';
import type { AffineState, Atom, Group, Row } from './parse.ts';
import { Solver } from './solve.ts';
import { isNumber, plus, times } from './terms.ts';
import { lastOf, readOf, type World } from './world.ts';

export interface CarryPlan {
  /** The launch that carries the state also reads it, chunk after chunk; else one launch of all chunks does so later. */
  readonly readWhereCarried: boolean;
  /** Positions of a sub-chunk, where chunks are cut into such. */
  readonly subChunk?: number | undefined;
}

export class Chunked {
  private readonly decays: Decays;
  /** Values at position `from`, 0 past the end. */
  private readonly values = new Map<Group, Expr>();
  /** The carried state, in whose steps sums are computed. */
  private carrier: ReadExpr | undefined;

  constructor(
    private readonly world: World,
    private readonly x: AffineState,
    private readonly plan: CarryPlan,
  ) {
    this.decays = new Decays(world, x, plan.subChunk);
  }

  /** Scores are products of matrices between sub-chunks. */
  get hasSubChunks(): boolean {
    return this.decays.hasSubChunks;
  }

  emit(): void {
    const { world, x } = this;
    for (const g of x.groups) if (!g.inner) this.values.set(g, this.knownValue(g));
    if (world.section !== undefined) return this.inSections(world.section);
    const { state } = x;
    const inner = x.groups.filter((g) => g.inner);
    const known = x.groups.filter((g) => !g.inner);
    const solver =
      inner.length > 0
        ? new Solver(world, x, this.decays, (r, when) => this.within(r, when, known))
        : undefined;
    solver?.emit(inner, known.length > 0);
    const together = this.plan.readWhereCarried;
    const indices = state.indices.map((a) => (a === state.axis ? world.chunk : a));
    const written = together
      ? undefined
      : known.length > 0
        ? readOf(world.keep(`${state.name}.written`, plus(known.map((g) => this.write(g))), indices))
        : f32(0);
    const spec = {
      base: `${state.name}.chunks`,
      axis: world.chunk,
      indices,
      init: state.init,
      final: state.final,
    };
    const carried = world.state(spec, (before) => {
      if (together) this.carrier = before;
      for (const g of inner)
        this.values.set(g, readOf(world.let(`${state.name}.value`, solver!.value(g, before))));
      const writes = inner.map((g) => this.write(g));
      return plus(
        [
          this.decays.whole(before),
          ...(written ? [written] : known.map((g) => this.write(g))),
          ...writes,
        ].filter((e) => !isNumber(e, 0)),
      );
    });
    if (together) return this.atoms(readOf(carried));
    const before = readOf(world.keep(`${state.name}.before`, readOf(carried), indices));
    for (const g of inner) this.values.set(g, this.keptValue(this.values.get(g)!));
    this.atoms(before);
  }

  /**
   * Sections of chunks: each goes through its chunks from nothing, what the sections did is carried from one to the next, and
   * each goes through its chunks again from its true beginning, and reads the state there.
   */
  private inSections(section: string): void {
    const { world } = this;
    const { state } = this.x;
    const over = (axes: readonly string[]): string[] =>
      state.indices.flatMap((a) => (a === state.axis ? axes : [a]));
    const walk = (base: string, init: Expr): IrState =>
      world.state(
        { base: `${state.name}.${base}`, axis: world.chunk, indices: over(world.chunks), init },
        (before) => {
          this.carrier = before;
          return plus([this.decays.whole(before), ...this.x.groups.map((g) => this.write(g))]);
        },
      );
    const did = readOf(world.keep(`${state.name}.did`, lastOf(walk('alone', f32(0))), over([section])));
    const spec = { base: `${state.name}.sections`, axis: section, indices: over([section]) };
    const carried = world.state({ ...spec, init: state.init, final: state.final }, (before) =>
      plus([this.decays.wholeSection(before), did]),
    );
    const before = readOf(world.keep(`${state.name}.before`, readOf(carried), over([section])));
    this.atoms(readOf(walk('run', before)));
  }

  private atoms(before: Expr): void {
    const { world, x } = this;
    for (const a of x.atoms) {
      // What only the step itself uses was solved away.
      if (!a.outer) continue;
      const kept = world.keep(`${a.def.name}.chunked`, this.atom(a, before), world.indices(a.def.indices));
      world.setCounterpart(a.def.name, kept.name);
    }
  }

  private sum(axes: readonly string[], body: Expr): Expr {
    const e: Expr = { kind: 'reduce', type: 'f32', op: 'sum', axes, body };
    return this.carrier ? readOf(this.world.inSteps(this.carrier, `${this.x.state.name}.sum`, e)) : e;
  }

  private knownValue(g: Group): Expr {
    const { world } = this;
    return world.guarded(plus(g.values.map((v) => world.at(v, 'from'))), 'from', f32(0));
  }

  private keptValue(value: Expr): Expr {
    return readOf(this.world.keep(`${this.x.state.name}.values`, value));
  }

  /** A value times a number per position, computed once for all keys. */
  private decayed(factor: Expr, value: Expr): Expr {
    if (isNumber(factor, 1)) return value;
    const e = times(factor, value);
    return this.carrier ? readOf(this.world.inSteps(this.carrier, `${this.x.state.name}.decayed`, e)) : e;
  }

  /** What a chunk adds by a group. */
  private write(g: Group): Expr {
    const { factor, key } = this.decays.writer(g.key);
    return this.sum([this.world.from], times(key, this.decayed(factor, this.values.get(g)!)));
  }

  /** What the chunk's own groups contribute to a row. */
  private within(r: Row, when: When, groups: readonly Group[]): Expr[] {
    return groups.map((g) =>
      this.sum([this.world.from], times(this.decays.scores(r.row, g.key, when), this.values.get(g)!)),
    );
  }

  private atom(a: Atom, before: Expr): Expr {
    const { world, x } = this;
    const parts = a.rest.map((e) => world.at(e, 'in'));
    for (const o of a.own) {
      const dot = this.sum(x.contracted, times(world.at(o.row, 'in'), world.at(o.group.key, 'in')));
      const value = substitute(this.values.get(o.group)!, new Map([[world.from, variable(world.in)]]));
      parts.push(times(times(world.at(o.factor, 'in'), dot), value));
    }
    for (const when of ['before', 'after'] as const)
      for (const r of when === 'before' ? a.rows : a.after) {
        const query = this.decays.query(r.row, when);
        const incoming = times(query.factor, this.sum(x.contracted, times(query.row, before)));
        const all = plus([incoming, ...this.within(r, when, x.groups)]);
        parts.push(isNumber(r.factor, 1) ? all : times(world.at(r.factor, 'in'), all));
      }
    return plus(parts);
  }
}
