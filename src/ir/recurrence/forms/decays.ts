/**
 * Products of a state's decay inside a chunk. All of them are running products that start where they are needed, never
 * quotients or differences of longer ones: decays of at most one cannot overflow, a decay of zero is exact, and no digits
 * are lost where strong and weak decays meet. (Differences of cumulative logarithms lose them.)
 */
import { f32, op, variable, type Expr } from '../../../expr/expr.ts';
import type { IrDef, IrState } from '../../ir.ts';
import type { AffineState } from './parse.ts';
import { isNumber, times } from './terms.ts';
import { lastOf, readOf, type World } from './world.ts';

export class Decays {
  /** The decay at a step of the chunk, 1 past the end. */
  private readonly step: Expr;
  private readonly axes: readonly string[];
  /** The decay does not move with the contracted axes: it scales a whole row of scores. */
  readonly perRow: boolean;
  private readonly none: boolean;
  private readonly suffix: { readonly state: IrState; readonly kept: IrDef } | undefined;
  private prefix: IrDef | undefined;
  private pairs: IrDef | undefined;
  private readonly keys = new Map<string, IrState>();
  private readonly scored = new Map<string, Expr>();

  constructor(
    private readonly world: World,
    private readonly x: AffineState,
  ) {
    const { decay, state, contracted } = x;
    this.none = isNumber(decay, 1);
    const own = world.at(decay, 'in');
    this.step = world.guarded(own, 'in', f32(1));
    const free = world.axesOf(own).filter((a) => a !== world.chunk && a !== world.in);
    this.axes = [...free, world.chunk, world.in];
    this.perRow = !contracted.some((a) => free.includes(a));
    if (this.none) return;
    // Seen from a position, the steps after it come in the other direction.
    const s = world.state(
      {
        base: `${state.name}.until`,
        axis: world.in,
        indices: this.axes,
        init: f32(1),
        reverse: !world.reverse,
      },
      (before) => times(before, this.step),
    );
    this.suffix = { state: s, kept: world.keep(`${s.name}.kept`, readOf(s), this.axes) };
    this.total = world.keep(`${state.name}.total`, lastOf(s));
  }

  private readonly total: IrDef | undefined;

  /** The decays of all steps after position `from`, to the end of the chunk. */
  until(): Expr {
    const { world } = this;
    return this.suffix ? readOf(this.suffix.kept, new Map([[world.in, variable(world.from)]])) : f32(1);
  }

  /** The decays of all steps before position `in`, from the beginning of the chunk. */
  since(): Expr {
    if (this.none) return f32(1);
    const { world, x } = this;
    if (!this.prefix) {
      const spec = { base: `${x.state.name}.since`, axis: world.in, indices: this.axes, init: f32(1) };
      const s = world.state(spec, (before) => times(before, this.step));
      this.prefix = world.keep(`${s.name}.kept`, readOf(s), this.axes);
    }
    return readOf(this.prefix);
  }

  /** A state after the whole chunk, without what the chunk writes. */
  whole(before: Expr): Expr {
    return this.total ? times(readOf(this.total), before) : before;
  }

  /** row · key over the contracted axes, decayed over the steps strictly between position `from` and `in`; 0 unless `from` is earlier. */
  scores(row: Expr, key: Expr): Expr {
    const { world, x } = this;
    const id = JSON.stringify([row, key]);
    const known = this.scored.get(id);
    if (known) return known;
    const sum = (body: Expr): Expr => ({
      kind: 'reduce',
      type: 'f32',
      op: 'sum',
      axes: x.contracted,
      body,
    });
    const made =
      this.none || this.perRow
        ? times(
            readOf(
              world.let(`${x.state.name}.scores`, sum(times(world.at(row, 'in'), world.at(key, 'from')))),
            ),
            this.between(),
          )
        : readOf(
            world.keep(
              `${x.state.name}.scores`,
              sum(times(world.at(row, 'in'), readOf(this.decayedKey(key)))),
            ),
          );
    this.scored.set(id, made);
    return made;
  }

  /** Decays per pair of positions of a chunk. */
  private between(): Expr {
    if (this.none) return f32(1);
    const { world, x } = this;
    if (!this.pairs) {
      const indices = [...this.axes.filter((a) => a !== world.in), world.from, world.in];
      const spec = { base: `${x.state.name}.between`, axis: world.in, indices, init: f32(0) };
      const s = world.state(spec, (before) => op('select', this.same(), f32(1), times(before, this.step)));
      this.pairs = world.keep(`${s.name}.kept`, readOf(s), [
        ...this.axes.filter((a) => a !== world.in),
        world.in,
        world.from,
      ]);
    }
    return readOf(this.pairs);
  }

  private same(): Expr {
    return op('eq', variable(this.world.in), variable(this.world.from));
  }

  /** A key, decayed element by element on its way to the position at hand. */
  private decayedKey(key: Expr): IrState {
    const { world, x } = this;
    const id = JSON.stringify(key);
    const known = this.keys.get(id);
    if (known) return known;
    const at = world.at(key, 'from');
    const free = new Set([...world.axesOf(at), ...this.axes, ...x.contracted]);
    const others = [...free].filter((a) => a !== world.in && a !== world.from && !x.contracted.includes(a));
    const indices = [...others, world.from, world.in, ...x.contracted];
    const spec = { base: `${x.state.name}.keys`, axis: world.in, indices, init: f32(0) };
    const made = world.state(spec, (before) => op('select', this.same(), at, times(before, this.step)));
    this.keys.set(id, made);
    return made;
  }
}
