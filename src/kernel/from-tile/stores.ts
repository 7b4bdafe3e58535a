/** Writes results: row values at the end of a stage, tile values at the end of a tile. */
import { i32, op, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { Store } from '../../tile/tile.ts';
import { forS, ifS, store } from '../build.ts';
import type { Stmt } from '../kernel.ts';
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
    const index = s.indices.map((a) => (typeof a === 'number' ? i32(a) : place.vars.get(a)!));
    const value = this.scope.value(s.value, place);
    return store(bufferOf(t), this.scope.flat(t, index), value);
  }

  element(s: Store, place: Place, inside: Expr): void {
    const then: Stmt[] = [];
    const inner: Place = { ...place, out: then, cache: new Map(place.cache) };
    const write = this.write(s, inner);
    place.out.push(ifS(simplify(op('and', this.frame.inside(place.slot!), inside)), [...then, write]));
  }

  /** All row stores of the stage. */
  rows(stores: readonly Store[]): Stmt[] {
    return stores.flatMap((s) => (s.vectors.length === 0 ? this.scalars(s) : this.vectors(s)));
  }

  private scalars(s: Store): Stmt[] {
    const { arrangement } = this.scope;
    return Array.from({ length: arrangement.rowSlots }, (_, slot) => {
      const then: Stmt[] = [];
      const write = this.write(s, this.frame.row(slot, then));
      const inside = this.frame.inside(slot);
      const mine = arrangement.leader ? op('and', inside, arrangement.leader) : inside;
      return ifS(mine, [...then, write]);
    });
  }

  private vectors(s: Store): Stmt[] {
    const [first, ...rest] = s.vectors as [string, ...string[]];
    return rest.length === 0 ? this.oneVector(s, first) : this.manyVectors(s);
  }

  private oneVector(s: Store, vector: string): Stmt[] {
    const { arrangement } = this.scope;
    const extent = this.scope.vectorExtent(vector);
    const columns = padded(arrangement, extent);
    return arrangement.forCells(columns, this.scope.index(vector), (cell) =>
      Array.from({ length: arrangement.rowSlots }, (_, slot) => {
        const then: Stmt[] = [];
        const place = this.frame.row(slot, then);
        const vars = new Map([...place.vars, [vector, cell.col]]);
        const write = this.write(s, { ...place, vars, vectors: new Map([[vector, cell]]) });
        const inside = this.frame.inside(slot);
        return ifS(columns === extent ? inside : op('and', inside, op('lt', cell.col, i32(extent))), [
          ...then,
          write,
        ]);
      }),
    );
  }

  /** Several vector axes: only arrangements that keep whole rows in a lane get here. */
  private manyVectors(s: Store): Stmt[] {
    return Array.from({ length: this.scope.arrangement.rowSlots }, (_, slot) => {
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
      return ifS(this.frame.inside(slot), build(s.vectors, this.frame.row(slot, []).vars));
    });
  }
}
