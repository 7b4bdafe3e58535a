/** Writes results: row values at the end of a stage, tile values at the end of a tile. */
import { bool, i32, isTrue, op, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { Store } from '../../tile/tile.ts';
import { forS, ifS, store, stores } from '../build.ts';
import type { Stmt } from '../kernel.ts';
import type { Cell } from './arrangement.ts';
import type { Frame } from './frame.ts';
import { bufferOf, padded, type Place, type Scope } from './scope.ts';

export class Storer {
  readonly written = new Set<string>();

  constructor(
    private readonly scope: Scope,
    private readonly frame: Frame,
  ) {}

  private write(s: Store, place: Place): Stmt {
    const t = this.scope.target(s.output);
    this.written.add(t.name);
    const index = s.indices.map((_, n) => this.index(s, n, place));
    const value = this.scope.value(s.value, place);
    return store(bufferOf(t), this.scope.flat(t, index), value);
  }

  private index(s: Store, n: number, place: Place): Expr {
    const a = s.indices[n]!;
    if (typeof a === 'number') return i32(a);
    if (typeof a === 'string') return place.vars.get(a)!;
    return this.scope.clampValue(this.scope.value(a, place), a, this.scope.target(s.output), n);
  }

  element(s: Store, place: Place, inside: Expr): void {
    const then: Stmt[] = [];
    const inner: Place = { ...place, out: then, cache: new Map(place.cache) };
    const write = this.write(s, inner);
    place.out.push(...guarded(op('and', this.frame.inside(place.slot!), inside), [...then, write]));
  }

  /** All row stores of the stage. */
  rows(stores: readonly Store[]): Stmt[] {
    return stores.flatMap((s) => (s.vectors.length === 0 ? this.scalars(s) : this.vectors(s)));
  }

  private scalars(s: Store): Stmt[] {
    const { arrangement } = this.scope;
    return this.slots((slot) => {
      const then: Stmt[] = [];
      const place = this.frame.row(slot, then);
      const where = s.where ? this.scope.value(s.where, place) : bool(true);
      const body: Stmt[] = [];
      const write = this.write(s, { ...place, out: body });
      const mine = op('and', this.frame.inside(slot), arrangement.leader ?? bool(true));
      return guarded(mine, [...then, ...guarded(where, [...body, write])]);
    });
  }

  /** Statements for each row of a lane. */
  private slots(body: (slot: number) => readonly Stmt[]): Stmt[] {
    return Array.from({ length: this.scope.arrangement.rowSlots }, (_, slot) => body(slot)).flat();
  }

  private vectors(s: Store): Stmt[] {
    const [first, ...rest] = s.vectors as [string, ...string[]];
    return rest.length === 0 ? this.oneVector(s, first) : this.manyVectors(s);
  }

  private oneVector(s: Store, vector: string): Stmt[] {
    const { arrangement } = this.scope;
    const extent = this.scope.vectorExtent(vector);
    const columns = padded(arrangement, extent);
    const pairs = this.inPairs(s, vector, extent) ? arrangement.forPairs : undefined;
    if (pairs) return pairs(columns, this.scope.index(vector), (pair) => this.pair(s, vector, pair, extent));
    return arrangement.forCells(columns, this.scope.index(vector), (cell) =>
      this.slots((slot) => {
        const then: Stmt[] = [];
        const place = this.frame.row(slot, then);
        const vars = new Map([...place.vars, [vector, cell.col]]);
        const write = this.write(s, { ...place, vars, vectors: new Map([[vector, cell]]) });
        const exists = columns === extent ? bool(true) : op('lt', cell.col, i32(extent));
        return guarded(op('and', this.frame.inside(slot), exists), [...then, write]);
      }),
    );
  }

  /** Neighbouring elements of the vector make a word of the output, and every row begins with a word. */
  private inPairs(s: Store, vector: string, extent: number): boolean {
    const t = this.scope.target(s.output);
    const innermost = t.shape.at(-1);
    const half = t.storage === 'f16' || t.storage === 'bf16';
    const whole = innermost?.kind === 'const' && innermost.value === extent && extent % 2 === 0;
    return half && whole && s.indices.at(-1) === vector && !t.within;
  }

  private pair(s: Store, vector: string, pair: readonly [Cell, Cell], extent: number): Stmt[] {
    const t = this.scope.target(s.output);
    this.written.add(t.name);
    const { arrangement } = this.scope;
    return this.slots((slot) => {
      const then: Stmt[] = [];
      const at = (cell: Cell): Place => {
        const place = this.frame.row(slot, then);
        const vars = new Map([...place.vars, [vector, cell.col]]);
        return { ...place, vars, vectors: new Map([[vector, cell]]) };
      };
      const places = pair.map(at);
      const index = s.indices.map((_, n) => this.index(s, n, places[0]!));
      const values = places.map((p) => this.scope.value(s.value, p));
      const whole = padded(arrangement, extent) === extent;
      const exists = whole ? bool(true) : op('lt', pair[0].col, i32(extent));
      const write = stores(bufferOf(t), this.scope.flat(t, index), values);
      return guarded(op('and', this.frame.inside(slot), exists), [...then, write]);
    });
  }

  /** Several vector axes: only arrangements that keep whole rows in a lane get here. */
  private manyVectors(s: Store): Stmt[] {
    return this.slots((slot) => {
      const build = (axes: readonly string[], vars: ReadonlyMap<string, Expr>): Stmt[] => {
        const [a, ...rest] = axes;
        if (a === undefined) {
          const out: Stmt[] = [];
          const write = this.write(s, { ...this.frame.row(slot, out), vars });
          return [...out, write];
        }
        const name = this.scope.index(a);
        const to = i32(this.scope.vectorExtent(a));
        return [forS(name, { to }, build(rest, new Map([...vars, [a, variable(name)]])))];
      };
      return guarded(this.frame.inside(slot), build(s.vectors, this.frame.row(slot, []).vars));
    });
  }
}

/** Statements that run where something holds; a test that is known is none. */
function guarded(test: Expr, body: readonly Stmt[]): readonly Stmt[] {
  const cond = simplify(test);
  return isTrue(cond) ? body : [ifS(cond, body)];
}
