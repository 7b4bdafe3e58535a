/**
 * Copies of operand tiles, and the barriers by which those that copy and those that multiply keep apart. Column operands have
 * `stages` places each; the tile visited as number n (from 0) lies in place n % stages. A place is `full` when its bytes have
 * come, and `empty` when every warp that multiplies has finished with it. Both are used turn by turn: turn n / stages, by parity.
 */
import { CompilerBug } from '../../../diagnostics/diagnostic.ts';
import { i32, op, variable, type Expr } from '../../../expr/expr.ts';
import { simplify } from '../../../expr/simplify.ts';
import type { StorageType } from '../../../expr/types.ts';
import type { StagePlan } from '../../../tile/plan.ts';
import type { Operand } from '../../../tile/tile.ts';
import { copyOf, LINE, WARPGROUP } from '../../../tile/warpgroup-plan.ts';
import { assign, letS, varS, warpgroup } from '../../build.ts';
import type { SharedArray, Stmt, TensorMap } from '../../kernel.ts';
import { SWIZZLE_REPEAT } from '../../verify-warpgroup.ts';
import type { BarrierPlace } from '../../warpgroup.ts';
import type { Frame } from '../frame.ts';
import { bufferOf, type Place, type Scope } from '../scope.ts';

/** A column operand in the place of the tile at hand. */
export interface StagedOperand {
  readonly kind: 'staged';
  readonly array: string;
  /** Elements before the place. */
  readonly offset: Expr;
  readonly columns: number;
  /** Bytes from one box of 64 columns to the next. */
  readonly boxBytes: number;
  readonly wait: Stmt;
  /** To be done by one lane of each warp, once nothing reads the place any more. */
  readonly release: Stmt;
}

interface Held {
  readonly operand: Operand;
  readonly array: string;
  readonly map: string;
  /** Lines of a box. */
  readonly lines: number;
  readonly boxes: number;
  readonly copy: NonNullable<ReturnType<typeof copyOf>>;
  /** Numbers of the first barriers: one `full`, or per place `full`s and then `empty`s. */
  readonly barrier: number;
}

const add = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));
const times = (a: Expr, n: number): Expr => simplify(op('mul', a, i32(n)));

export class TileFeed {
  readonly shared: SharedArray[] = [];
  readonly maps: TensorMap[] = [];
  private readonly held = new Map<string, Held>();
  private readonly barriers: string;
  private count = 0;
  private readonly stages: number;
  /** Warps that multiply: each tells for itself that it has finished. */
  private readonly warps: number;

  constructor(
    private readonly scope: Scope,
    private readonly frame: Frame,
    private readonly storage: StorageType,
    plan: StagePlan,
    rows: readonly Operand[],
    columns: readonly Operand[],
  ) {
    this.stages = plan.stages ?? 1;
    this.warps = (plan.lanes - WARPGROUP) / 32;
    for (const o of rows) this.hold(o, plan.blockM, 1);
    for (const o of columns) this.hold(o, plan.blockN, this.stages);
    this.barriers = scope.names.fresh('barriers');
    this.shared.push({ name: this.barriers, storage: 'u32', length: 2 * this.count });
  }

  private hold(operand: Operand, lines: number, places: number): void {
    const { scope } = this;
    const copy = copyOf(operand, scope.stage, scope.program.tensors);
    if (!copy) throw new CompilerBug('kernel/from-tile', `operand ${operand.name} cannot be copied in tiles`);
    const { tensor } = copy;
    const boxes = Math.ceil(scope.vectorExtent(operand.vector) / LINE);
    const array = scope.names.fresh(`${tensor.name}_${operand.site === 'row' ? 'rows' : 'tiles'}`);
    const map = scope.names.fresh(`${tensor.name}_map`);
    const box = copy.index.map((_, n) => (n === copy.index.length - 1 ? LINE : n === copy.along ? lines : 1));
    this.shared.push({
      name: array,
      storage: this.storage,
      length: places * boxes * lines * LINE,
      alignment: SWIZZLE_REPEAT,
    });
    this.maps.push({
      name: map,
      tensor: bufferOf(tensor),
      extents: [...tensor.shape].reverse(),
      box: [...box].reverse(),
    });
    this.held.set(operand.name, { operand, array, map, lines, boxes, copy, barrier: this.count });
    this.count += operand.site === 'row' ? 1 : 2 * places;
  }

  private at(number: number | Expr): BarrierPlace {
    return { barriers: this.barriers, index: typeof number === 'number' ? i32(number) : number };
  }

  /** To be done by one lane, before a barrier of the workgroup. */
  initialise(): Stmt[] {
    const out: Stmt[] = [];
    const counts = (from: number, places: number, arrivals: number): void => {
      for (let n = 0; n < places; n++) out.push(warpgroup({ op: 'init', ...this.at(from + n), arrivals }));
    };
    for (const h of this.held.values()) {
      if (h.operand.site === 'row') counts(h.barrier, 1, 1);
      else {
        counts(h.barrier, this.stages, 1);
        counts(h.barrier + this.stages, this.stages, this.warps);
      }
    }
    return [...out, warpgroup({ op: 'fence-init' })];
  }

  private bytes = (h: Held): number => 2 * h.boxes * h.lines * LINE;

  /** Copies one tile, whose first line is `first`, to `offset` elements after the start of its array. */
  private load(h: Held, first: Expr, offset: Expr, barrier: BarrierPlace, place: Place): Stmt[] {
    const { copy } = h;
    const out: Stmt[] = [warpgroup({ op: 'arrive', ...barrier, bytes: this.bytes(h) })];
    for (let box = 0; box < h.boxes; box++) {
      const at = copy.index.map((e, n) => {
        if (n === copy.index.length - 1) return i32(box * LINE);
        return n === copy.along ? first : this.scope.clampValue(this.scope.emit(e, place), e, copy.tensor, n);
      });
      const to = add(offset, i32(box * h.lines * LINE));
      const { map, array: into } = h;
      out.push(warpgroup({ op: 'load', map, into, offset: to, at: at.reverse(), ...barrier }));
    }
    return out;
  }

  /** Copies all rows of the block. */
  loadRows(operands: readonly Operand[]): Stmt[] {
    const out: Stmt[] = [];
    const place = this.frame.uniform(out);
    for (const o of operands) {
      const h = this.held.get(o.name)!;
      out.push(...this.load(h, this.frame.firstRow(), i32(0), this.at(h.barrier), place));
    }
    return out;
  }

  awaitRows(operands: readonly Operand[]): Stmt[] {
    return operands.map((o) =>
      warpgroup({ op: 'wait', ...this.at(this.held.get(o.name)!.barrier), parity: i32(0) }),
    );
  }

  rowsArray(o: Operand): { readonly array: string; readonly columns: number } {
    return { array: this.held.get(o.name)!.array, columns: this.scope.vectorExtent(o.vector) };
  }

  /** Counts the tiles that one side visits. */
  counter(): TileCounter {
    const name = this.scope.index('visited');
    const visited = variable(name);
    const begin: Stmt[] = [];
    const at = this.placeOf(visited, begin);
    return {
      ...at,
      visited,
      declare: varS(name, i32(0)),
      begin,
      end: assign(name, op('add', visited, i32(1))),
    };
  }

  /** Of the tile visited as number `n`; declarations go to `out`. */
  placeOf(n: Expr, out: Stmt[]): TilePlace {
    const [place, turn] = [this.scope.index('place'), this.scope.index('turn')];
    out.push(
      letS(place, simplify(op('rem', n, i32(this.stages)))),
      letS(turn, op('rem', simplify(op('quot', n, i32(this.stages))), i32(2))),
    );
    return { place: variable(place), turn: variable(turn) };
  }

  private offset(h: Held, c: TilePlace): Expr {
    return times(c.place, h.boxes * h.lines * LINE);
  }

  /** Copies a tile of every column operand as soon as its place is empty: before the first turn it is. */
  loadColumns(operands: readonly Operand[], first: Expr, c: TileCounter): Stmt[] {
    const out: Stmt[] = [];
    const place = this.frame.uniform(out);
    for (const o of operands) {
      const h = this.held.get(o.name)!;
      const empty = this.at(add(i32(h.barrier + this.stages), c.place));
      out.push(warpgroup({ op: 'wait', ...empty, parity: op('sub', i32(1), c.turn) }));
      out.push(...this.load(h, first, this.offset(h, c), this.at(add(i32(h.barrier), c.place)), place));
    }
    return out;
  }

  staged(o: Operand, c: TilePlace): StagedOperand {
    const h = this.held.get(o.name)!;
    return {
      kind: 'staged',
      array: h.array,
      offset: this.offset(h, c),
      columns: this.scope.vectorExtent(o.vector),
      boxBytes: 2 * h.lines * LINE,
      wait: warpgroup({ op: 'wait', ...this.at(add(i32(h.barrier), c.place)), parity: c.turn }),
      release: warpgroup({
        op: 'arrive',
        ...this.at(add(i32(h.barrier + this.stages), c.place)),
        bytes: 0,
      }),
    };
  }
}

/** Where a tile lies: in which place, for which turn of it (modulo 2). */
export interface TilePlace {
  readonly place: Expr;
  readonly turn: Expr;
}

/** Statements before and after what one side does with a tile, and the tile's number and place. */
export interface TileCounter extends TilePlace {
  readonly visited: Expr;
  readonly declare: Stmt;
  readonly begin: readonly Stmt[];
  readonly end: Stmt;
}
