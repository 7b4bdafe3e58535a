/**
 * Summaries: the least and the greatest value, per block of rows or tile of the stream, of what a predicate reads from
 * tensors. They stand in the workspace, O(rows) and O(stream) numbers, and let a predicate over data be analysed like one
 * over positions. Tensors whose values rise along the rows need none. Of what selections take there is one per block of rows
 * and tile, asked at few elements of both.
 */
import {
  freeVars,
  i32,
  key,
  op,
  read,
  readNames,
  substitute,
  variable,
  visit,
  type Expr,
} from '../expr/expr.ts';
import type { Range } from '../expr/interval.ts';
import type { StagePlan } from './plan.ts';
import { rowLoops, streamLoops, type TileLoop } from './sides.ts';
import { summaryStage, type SummaryGroup, type SummaryLoops } from './summary-stages.ts';
import type { Stage, TileAxis, TileTensor } from './tile.ts';
import { stageValues } from './walk.ts';

export type SideName = 'rows' | 'stream' | 'pairs';

const COMPARISONS = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);
const LOGIC = new Set(['and', 'or', 'not']);

export class Summaries {
  private readonly groups: SummaryGroup[] = [];
  /** What tensors say themselves, by the variable that stands for it. */
  private readonly ends = new Map<string, { readonly value: Expr; readonly axis: string }>();
  private readonly used = new Set<string>();
  private readonly values: ReadonlySet<string>;

  constructor(
    private readonly stage: Stage,
    private readonly plan: StagePlan,
    private readonly sides: ReadonlySet<SideName>,
    private readonly taking: ReadonlySet<string>,
    /** The dimension along which values of a tensor rise. */
    private readonly rising: ReadonlyMap<string, number>,
  ) {
    this.values = stageValues(stage);
  }

  /** The predicate with variables for what is summarised. */
  replace(e: Expr): Expr {
    if (e.kind === 'op' && (LOGIC.has(e.op) || (e.op === 'select' && e.type === 'bool')))
      return { ...e, args: e.args.map((a) => this.replace(a)) };
    const whole = this.summary(e);
    if (whole) return whole;
    if (e.kind === 'op' && COMPARISONS.has(e.op)) return { ...e, args: e.args.map((a) => this.inside(a)) };
    return e;
  }

  /** Largest parts of a number that can be summarised. */
  private inside(e: Expr): Expr {
    const whole = this.summary(e);
    if (whole) return whole;
    return e.kind === 'op' ? { ...e, args: e.args.map((a) => this.inside(a)) } : e;
  }

  private summary(e: Expr): Expr | undefined {
    if (e.type === 'f32' || !this.readsAlong(e)) return undefined;
    const side = this.sideOf(e);
    if (side === undefined || !this.sides.has(side)) return undefined;
    // What is taken is a matter of yes or no: a rank by itself says nothing of a block.
    if (side === 'pairs' && e.type !== 'bool') return undefined;
    const name = this.entry(side, e);
    return e.type === 'bool' ? op('ne', variable(name), i32(0)) : variable(name, e.type);
  }

  /** Reads tensors only, some element of which moves inside a tile. */
  private readsAlong(e: Expr): boolean {
    let [some, only] = [false, true];
    visit(e, (x) => {
      if (x.kind === 'reduce' || (x.kind === 'var' && x.name.startsWith('<'))) only = false;
      if (x.kind !== 'read') return;
      if (this.values.has(x.name)) only = false;
      some ||= x.index.some((i) => this.moves(i));
    });
    return some && only;
  }

  private moves(e: Expr): boolean {
    return [...this.stage.row, ...this.stage.stream].some((a) => freeVars(e).has(a.name));
  }

  private sideOf(e: Expr): SideName | undefined {
    const free = freeVars(e);
    const [rows, stream] = [this.stage.row, this.stage.stream].map((axes) =>
      axes.some((a) => free.has(a.name)),
    );
    const takes = [...readNames(e)].some((n) => this.taking.has(n));
    if (stream && takes) return 'pairs';
    return rows && stream ? undefined : rows ? 'rows' : 'stream';
  }

  /** The axis of the stage's rows along which a value rises. */
  private risingAlong(e: Expr): string | undefined {
    const at = e.kind === 'read' ? this.rising.get(e.name) : undefined;
    if (e.kind !== 'read' || at === undefined) return undefined;
    const index = e.index[at]!;
    const others = e.index.filter((_, n) => n !== at);
    const rows = this.stage.row;
    if (index.kind !== 'var' || rows.length !== 1 || index.name !== rows[0]!.name) return undefined;
    return others.some((x) => this.moves(x)) ? undefined : index.name;
  }

  private entry(side: SideName, value: Expr): string {
    const axis = this.risingAlong(value);
    if (axis !== undefined) {
      const name = `<${key(value)}>`;
      this.ends.set(name, { value, axis });
      return name;
    }
    const type = value.type === 'u32' ? 'u32' : 'i32';
    const tensor = `ws.${this.stage.name}.${side}${type === 'u32' ? '.u32' : ''}`;
    let group = this.groups.find((g) => g.tensor === tensor);
    if (!group) this.groups.push((group = { side, type, tensor, entries: [] }));
    const known = group.entries.find((x) => key(x.value) === key(value));
    if (known) return known.variable;
    const name = `<${tensor}.${group.entries.length}>`;
    group.entries.push({ variable: name, value });
    return name;
  }

  /** What the variables can be in a block of rows and a tile of the stream. */
  ranges(): ReadonlyMap<string, Range> {
    const out = new Map<string, Range>();
    for (const g of this.groups)
      for (const [n, x] of g.entries.entries())
        out.set(x.variable, { lo: this.read(g, 2 * n), hi: this.read(g, 2 * n + 1) });
    for (const [name, { value, axis }] of this.ends) {
      const at = (end: string): Expr => substitute(value, new Map([[axis, variable(`${axis}.${end}`)]]));
      out.set(name, { lo: at('first'), hi: at('last') });
    }
    return out;
  }

  /** Variables that differ from tile to tile of the stream. */
  streamVariables(): ReadonlySet<string> {
    return new Set(
      this.groups.filter((g) => g.side !== 'rows').flatMap((g) => g.entries.map((x) => x.variable)),
    );
  }

  /** A tensor that says what tiles of the stream hold. */
  ofStream(tensor: string): boolean {
    return this.groups.some((g) => g.tensor === tensor && g.side !== 'rows');
  }

  /** A tensor that says what blocks of rows take of the stream. */
  ofPairs(tensor: string): boolean {
    return this.groups.some((g) => g.tensor === tensor && g.side === 'pairs');
  }

  private read(g: SummaryGroup, at: number): Expr {
    const index = [...this.batch(g).map((a) => a.name), ...this.loops(g).map((l) => `${l.axis}.tile`)];
    return read(g.tensor, [i32(at), ...index.map((n) => variable(n))], g.type);
  }

  private loops(g: SummaryGroup): readonly TileLoop[] {
    const { rows, stream } = this.loopsOf(g);
    return [...rows, ...stream];
  }

  private loopsOf(g: SummaryGroup): SummaryLoops {
    return {
      rows: g.side === 'stream' ? [] : rowLoops(this.stage, this.plan),
      stream: g.side === 'rows' ? [] : streamLoops(this.stage, this.plan),
    };
  }

  /** Batch axes on which some entry depends. */
  private batch(g: SummaryGroup): readonly TileAxis[] {
    const free = new Set(g.entries.flatMap((x) => [...freeVars(x.value)]));
    return this.stage.batch.filter((a) => free.has(a.name));
  }

  /** Notes which summaries an expression reads. */
  note(e: Expr): void {
    readNames(e, this.used);
  }

  private kept(): readonly SummaryGroup[] {
    return this.groups.filter((g) => this.used.has(g.tensor));
  }

  tensors(): TileTensor[] {
    return this.kept().map((g) => ({
      name: g.tensor,
      role: 'workspace',
      storage: g.type,
      shape: [
        i32(2 * g.entries.length),
        ...this.batch(g).map((a) => a.extent),
        ...this.loops(g).map((l) => l.tiles),
      ],
      axes: [undefined, ...this.batch(g).map((a) => a.name), ...this.loops(g).map((l) => `${l.axis}.tile`)],
    }));
  }

  /** The stages that compute them: one row per block or tile, streaming over the positions inside. */
  stages(plan: StagePlan): Stage[] {
    return this.kept().map((g) => summaryStage(this.stage, g, this.loopsOf(g), this.batch(g), plan));
  }
}
