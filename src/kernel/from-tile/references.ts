/**
 * References of running sums: how they move, and how what is measured against them follows.
 *
 * A carrier holds Σ base(a − r) · x for a reference r that follows a running value v. Moving r to v multiplies the carrier
 * by base(r − v). A *lagging* reference stays where it is while r ≤ v ≤ r + LAG: terms are then at most base(LAG) = 256
 * times what they are against v, which keeps weights inside f16 and sums of 2^31 of them inside f32, and relative errors
 * do not change with scale. Where no row of a warp has to move, all of its lanes skip the multiplications. After the last
 * tile the reference is set to v, because definitions that read the carriers are about v.
 */
import { f32, op, read, variable, type Expr } from '../../expr/expr.ts';
import { HIGHEST, LOWEST } from '../../tile/finals.ts';
import type { StagePlan } from '../../tile/plan.ts';
import type { Pass, Step } from '../../tile/tile.ts';
import { assign, ifS, letS, store, varS, vote } from '../build.ts';
import type { Stmt } from '../kernel.ts';
import type { Frame } from './frame.ts';
import { referenced } from './phases.ts';
import type { Scope } from './scope.ts';

type Fold = Extract<Step, { kind: 'fold' }>;
type Reference = Extract<Step, { kind: 'reference' }>;

/** How far a running value may be above its reference, in units of the base's exponent: a factor of 256. */
const LAG: Readonly<Record<Reference['base'], number>> = { exp2: 8, exp: 5.5 };

/** Below every reference that was ever moved: carriers are still zero, and need not follow when it is. */
const UNSET = -3e38;

export class References {
  private readonly runningCopies: ReadonlySet<string>;
  private readonly lagging: boolean;

  constructor(
    private readonly pass: Pass,
    private readonly scope: Scope,
    private readonly frame: Frame,
    plan: StagePlan,
    /** Statements after which sums of products are there. */
    private readonly finishSums: () => readonly Stmt[],
  ) {
    this.runningCopies = scope.arrangement.leader ? referenced(pass.steps) : new Set();
    this.lagging = plan.references === 'lagging';
  }

  /**
   * What references begin at: unset where lanes own rows and references lag. A branch that some lanes take writes vectors one
   * element at a time on a CPU, and in their first tile all of them would take it.
   */
  initial(): number {
    return this.lagging && !this.scope.arrangement.leader ? UNSET : LOWEST;
  }

  /** Moves the references of a phase, and the carriers that are measured against them. */
  move(references: readonly Reference[]): Stmt[] {
    if (this.lagging) return references.flatMap((r) => this.moveWhereNeeded(r));
    const moved = references.flatMap((r) => {
      const out: Stmt[] = [];
      const next = this.next(r, true, out);
      return [...out, ...this.follow(r, next)];
    });
    return [...moved, ...references.flatMap((r) => this.rescaleVectors(r))];
  }

  /** After the last tile, when carriers are complete: lagging references catch up. */
  settle(): Stmt[] {
    if (!this.lagging || this.pass.unsettled) return [];
    return this.pass.steps.flatMap((r) => {
      if (r.kind !== 'reference') return [];
      const out: Stmt[] = [];
      const next = this.next(r, false, out);
      return [...out, ...this.follow(r, next), ...this.rescaleVectors(r)];
    });
  }

  private moveWhereNeeded(r: Reference): Stmt[] {
    const out: Stmt[] = [];
    const next = this.next(r, true, out);
    const { names, arrangement } = this.scope;
    if (this.initial() === UNSET)
      for (const [slot, name] of this.scope.rowNames(r.name).entries()) {
        const now = variable(name, 'f32');
        const unset = op('lt', now, f32(LOWEST));
        out.push(assign(name, op('select', unset, variable(next[slot]!, 'f32'), now)));
      }
    const needed = this.scope
      .rowNames(r.name)
      .map((name, slot) => {
        const [now, then] = [variable(name, 'f32'), variable(next[slot]!, 'f32')];
        return op('or', op('gt', then, op('add', now, f32(LAG[r.base]))), op('lt', then, now));
      })
      .reduce((a, b) => op('or', a, b));
    const some = names.fresh(`${r.name}_moves`);
    out.push(arrangement.inWarps ? vote(some, needed) : letS(some, needed));
    const inner = [...this.follow(r, next), ...this.rescaleVectors(r)];
    return [...out, ifS(variable(some, 'bool'), inner)];
  }

  /** Where the reference of each row slot belongs, from running values of the pass or from complete ones. */
  private next(r: Reference, running: boolean, out: Stmt[]): readonly string[] {
    const joined = running ? [...this.runningCopies].map((c) => this.joined(c, out)) : [];
    return this.scope.rowNames(r.name).map((name, slot) => {
      const place = this.frame.row(slot, out);
      for (const j of joined) if (j) place.cache.set(j.carrier, j.rows[slot]!);
      const value = this.scope.emit(r.value, place);
      const moved = this.scope.names.fresh(`${name}_next`);
      // Both ends stay finite, and so does their difference.
      out.push(letS(moved, op('min', op('max', value, f32(LOWEST)), f32(HIGHEST))));
      return moved;
    });
  }

  /** Sets a reference, declares the factor by which carriers follow, and multiplies those that are row values. */
  private follow(r: Reference, next: readonly string[]): Stmt[] {
    const out: Stmt[] = [];
    const names = this.scope.rowNames(r.name);
    const scales = this.scope.perSlot(`${r.name}.scale`);
    for (const [slot, name] of names.entries()) {
      const then = variable(next[slot]!, 'f32');
      out.push(letS(scales[slot]!, op(r.base, op('sub', variable(name, 'f32'), then))), assign(name, then));
    }
    this.scope.locations.set(`${r.name}.scale`, { kind: 'row', names: scales });
    for (const s of this.pass.steps)
      if (s.kind === 'fold' && s.scaledBy === r.name)
        this.scope
          .rowNames(s.name)
          .forEach((n, slot) =>
            out.push(assign(n, op('mul', variable(n, 'f32'), variable(scales[slot]!, 'f32')))),
          );
    return out;
  }

  /** A running carrier joined over the lanes that share rows, without touching the lanes' own parts. */
  private joined(
    carrier: string,
    out: Stmt[],
  ): { readonly carrier: string; readonly rows: readonly Expr[] } | undefined {
    const s = this.pass.steps.find((x): x is Fold => x.kind === 'fold' && x.name === carrier);
    if (!s) return undefined;
    const names = this.scope.rowNames(carrier).map((mine) => {
      const name = this.scope.names.fresh(`${mine}_all`);
      out.push(varS(name, variable(mine, s.type)));
      return name;
    });
    out.push(
      ...this.scope.arrangement.combine(
        s.op,
        names.map((n) => [n]),
        s.type,
      ),
    );
    return { carrier, rows: names.map((n) => variable(n, s.type)) };
  }

  private rescaleVectors(r: Reference): Stmt[] {
    return this.pass.steps.flatMap((s) => {
      if (s.kind !== 'accumulate' || s.scaledBy !== r.name) return [];
      const at = this.scope.locations.get(s.name);
      if (at?.kind !== 'vector') return [];
      const scales = this.scope.rowNames(`${r.name}.scale`);
      const cells = this.scope.arrangement.forCells(at.columns, this.scope.index(s.vector), (cell) =>
        scales.map((n, slot) => {
          const i = cell.at(slot);
          return store(at.array, i, op('mul', read(at.array, [i]), variable(n, 'f32')));
        }),
      );
      return [...this.finishSums(), ...cells];
    });
  }
}
