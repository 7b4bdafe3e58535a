/**
 * Products of a state's decay inside a chunk. All of them are running products that start where they are needed, never
 * quotients or differences of longer ones: decays of at most one cannot overflow, a decay of zero is exact, and no digits
 * are lost where strong and weak decays meet. (Differences of cumulative logarithms lose them.)
 */
import { f32, op, read, substitute, variable, type Expr } from '../../../expr/expr.ts';
import type { IrState } from '../../ir.ts';
import type { AffineState } from './parse.ts';
import { isHalvedTo, SubChunks } from './sub-chunks.ts';
import { isNumber, times } from './terms.ts';
import { lastOf, readOf, type World } from './world.ts';

/** Whether a row reads the state before its step or after it. */
export type When = 'before' | 'after';

export class Decays {
  /** The decay at a step of the chunk, 1 past the end. */
  private readonly step: Expr;
  /** What it moves with, then the chunk and the position. */
  private readonly axes: readonly string[];
  /** The decay does not move with the contracted axes: it scales a whole row of scores. */
  private readonly perRow: boolean;
  private readonly none: boolean;
  private readonly parts: SubChunks | undefined;
  private readonly made = new Map<string, Expr>();
  private readonly states = new Map<string, IrState>();

  constructor(
    private readonly world: World,
    private readonly x: AffineState,
    /** Positions of a sub-chunk, in which scores are made element by element. */
    subChunk?: number,
  ) {
    const { decay, contracted } = x;
    this.none = isNumber(decay, 1);
    const own = world.at(decay, 'in');
    const free = world.axesOf(own).filter((a) => !this.isOfChunk(a));
    this.perRow = !contracted.some((a) => free.includes(a));
    this.axes = [
      ...free.filter((a) => !contracted.includes(a)),
      ...world.chunks,
      world.in,
      ...free.filter((a) => contracted.includes(a)),
    ];
    const guarded = world.guarded(own, 'in', f32(1));
    // Several launches read it, and it is rarely cheap: exponentials, gates.
    this.step =
      this.none || guarded.kind !== 'op'
        ? guarded
        : readOf(world.keep(`${x.state.name}.decay`, guarded, this.axes));
    const others = this.axes.filter((a) => !this.isOfChunk(a));
    if (subChunk !== undefined && !this.perRow && !this.none && isHalvedTo(world.size, subChunk))
      this.parts = new SubChunks(world, x, this.step, others, subChunk);
  }

  get hasSubChunks(): boolean {
    return this.parts !== undefined;
  }

  private isOfChunk(axis: string): boolean {
    return axis === this.world.in || this.world.chunks.includes(axis);
  }

  /** Remembers what was made for some expressions. */
  private once(what: string, parts: readonly unknown[], make: () => Expr): Expr {
    const id = `${what} ${JSON.stringify(parts)}`;
    const known = this.made.get(id);
    if (known) return known;
    const e = make();
    this.made.set(id, e);
    return e;
  }

  private stateOnce(base: string, make: () => IrState): IrState {
    const known = this.states.get(base) ?? make();
    this.states.set(base, known);
    return known;
  }

  /** The value of a state at its step: before or after it. */
  private value(s: IrState, when: When): Expr {
    if (when === 'before') return readOf(s);
    return read(
      s.next,
      s.indices.map((a) => variable(a)),
    );
  }

  /** Products from the beginning of the chunk. */
  private since(): IrState {
    return this.stateOnce('since', () =>
      this.world.state(
        { base: `${this.x.state.name}.since`, axis: this.world.in, indices: this.axes, init: f32(1) },
        (before) => times(before, this.step),
      ),
    );
  }

  /** Products to the end of the chunk: seen from a position, the steps after it come in the other direction. */
  private until(): IrState {
    return this.stateOnce('until', () =>
      this.world.state(
        {
          base: `${this.x.state.name}.until`,
          axis: this.world.in,
          indices: this.axes,
          init: f32(1),
          reverse: !this.world.reverse,
        },
        (before) => times(before, this.step),
      ),
    );
  }

  /** Chunk, contracted axes, position: what a lane reads one after the other lies together. */
  private keptAxes(e: Expr): string[] {
    const { world, x } = this;
    const free = world.axesOf(e).filter((a) => !this.isOfChunk(a));
    const summed = free.filter((a) => x.contracted.includes(a));
    return [...free.filter((a) => !summed.includes(a)), ...world.chunks, ...summed, world.in];
  }

  /**
   * A row at position `in`, decayed from the beginning of the chunk, to be multiplied with the state before the chunk: the
   * factor stands outside of the sum over the contracted axes.
   */
  query(row: Expr, when: When): { readonly factor: Expr; readonly row: Expr } {
    const { world, x } = this;
    const own = world.at(row, 'in');
    if (this.none) return { factor: f32(1), row: own };
    if (this.perRow) {
      const factor = this.once('since', [when], () => {
        const e = this.value(this.since(), when);
        return readOf(world.keep(`${x.state.name}.since.kept`, e, this.axes));
      });
      return { factor, row: own };
    }
    const kept = this.once('query', [row, when], () => {
      const e = times(own, this.value(this.since(), when));
      return readOf(world.keep(`${x.state.name}.queries`, e, this.keptAxes(e)));
    });
    return { factor: f32(1), row: kept };
  }

  /** A key at position `from`, decayed to the end of the chunk, 0 past the end; the factor does not move with the contracted axes. */
  writer(key: Expr): { readonly factor: Expr; readonly key: Expr } {
    const { world, x } = this;
    if (this.none || this.perRow) {
      const factor = this.none
        ? f32(1)
        : this.once('until', [], () =>
            readOf(world.keep(`${x.state.name}.until.kept`, readOf(this.until()), this.axes)),
          );
      const exists = world.exists('from');
      const own = world.at(key, 'from');
      return {
        factor: this.from(factor),
        key: exists ? op('select', exists, own, f32(0)) : own,
      };
    }
    const kept = this.once('writer', [key], () => {
      const e = world.guarded(times(world.at(key, 'in'), readOf(this.until())), 'in', f32(0));
      return readOf(world.keep(`${x.state.name}.writers`, e, this.keptAxes(e)));
    });
    return { factor: f32(1), key: this.from(kept) };
  }

  private from(e: Expr): Expr {
    return substitute(e, new Map([[this.world.in, variable(this.world.from)]]));
  }

  /** A state after the whole chunk, without what the chunk writes. */
  whole(before: Expr): Expr {
    return this.none ? before : times(this.total(), before);
  }

  private total(): Expr {
    return this.once('total', [], () =>
      readOf(this.world.keep(`${this.x.state.name}.total`, lastOf(this.until()))),
    );
  }

  /** The same for a section of chunks. */
  wholeSection(before: Expr): Expr {
    if (this.none) return before;
    const { world, x } = this;
    const indices = this.axes.filter((a) => a !== world.in);
    const walked = world.state(
      { base: `${x.state.name}.totals`, axis: world.chunk, indices, init: f32(1) },
      (passed) => times(passed, this.total()),
    );
    return times(readOf(world.keep(`${x.state.name}.section`, lastOf(walked))), before);
  }

  /**
   * row · key over the contracted axes, decayed over the steps between positions `from` and `in`: strictly between for a
   * row over the state before its step, with the step at `in` for one over the state after. 0 where the key comes later,
   * and for the former at its own position.
   */
  scores(row: Expr, key: Expr, when: When): Expr {
    const { world, x } = this;
    return this.once('scores', [row, key, when], () => {
      const over = (body: Expr): Expr => ({
        kind: 'reduce',
        type: 'f32',
        op: 'sum',
        axes: x.contracted,
        body,
      });
      const rowAt = world.at(row, 'in');
      const e = this.perRow
        ? world.guarded(
            this.masked(times(over(times(rowAt, world.at(key, 'from'))), this.between(when)), when),
            'from',
            f32(0),
          )
        : this.parts
          ? this.parts.scores(row, key, when)
          : over(times(rowAt, this.value(this.decayedKey(key), when)));
      const free = world.axesOf(e).filter((a) => !this.isOfChunk(a) && a !== world.from);
      return readOf(
        world.keep(`${x.state.name}.scores`, e, [...free, ...world.chunks, world.from, world.in]),
      );
    });
  }

  private masked(e: Expr, when: When): Expr {
    if (!this.none) return e;
    const [at, from] = [variable(this.world.in), variable(this.world.from)];
    const strict = op(this.world.reverse ? 'gt' : 'lt', from, at);
    const kept = when === 'before' ? strict : op(this.world.reverse ? 'ge' : 'le', from, at);
    return op('select', kept, e, f32(0));
  }

  /** Decays per pair of positions of a chunk. */
  private between(when: When): Expr {
    if (this.none) return f32(1);
    const { world, x } = this;
    const others = this.axes.filter((a) => a !== world.in);
    const s = this.stateOnce('between', () =>
      world.state(
        {
          base: `${x.state.name}.between`,
          axis: world.in,
          indices: [...others, world.from, world.in],
          init: f32(0),
        },
        (before) => op('select', this.same(), f32(1), times(before, this.step)),
      ),
    );
    return this.once('between', [when], () =>
      readOf(world.keep(`${s.name}.kept`, this.value(s, when), [...others, world.from, world.in])),
    );
  }

  private same(): Expr {
    return op('eq', variable(this.world.in), variable(this.world.from));
  }

  /** A key, decayed element by element on its way to the position at hand. */
  private decayedKey(key: Expr): IrState {
    const { world, x } = this;
    return this.stateOnce(`keys ${JSON.stringify(key)}`, () => {
      const exists = world.exists('from');
      const own = world.at(key, 'from');
      const at = exists ? op('select', exists, own, f32(0)) : own;
      const free = new Set([...world.axesOf(at), ...this.axes, ...x.contracted]);
      const others = [...free].filter((a) => a !== world.in && a !== world.from && !x.contracted.includes(a));
      return world.state(
        {
          base: `${x.state.name}.keys`,
          axis: world.in,
          indices: [...others, world.from, world.in, ...x.contracted],
          init: f32(0),
        },
        (before) => op('select', this.same(), at, times(before, this.step)),
      );
    });
  }
}
