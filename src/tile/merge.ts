/**
 * The stages that merge the shares of a split stage: the rows of the stage, streaming over the shares.
 *
 * Where vectors are only ever read at the element that is stored, each element is a row of its own, so that lanes share a
 * vector out among them. Else a vector must stay whole: every row gets a workgroup of its own, because the vectors of a
 * share differ from row to row and so are no operand that rows could share. Where lanes own rows and read in place, a lane
 * merges whole rows.
 */
import {
  children,
  f32,
  freeVars,
  i32,
  key,
  mapChildren,
  op,
  read,
  readNames,
  visit,
  type Expr,
} from '../expr/expr.ts';
import type { Operand, Pass, Stage, Step, Store, TileAxis, TileDef } from './tile.ts';

export type Fold = Extract<Step, { kind: 'fold' }>;
type Accumulate = Extract<Step, { kind: 'accumulate' }>;

/** What the shares of a stage left behind: expressions that read it at a share (the part axis) and a row. */
export interface States {
  readonly part: TileAxis;
  /** By carrier or reference; a vector carrier at the element that its vector axis' variable names. */
  readonly value: ReadonlyMap<string, Expr>;
  /** By carrier of an argmax or argmin: the value at the index that it found. */
  readonly best: ReadonlyMap<string, Expr>;
  /**
   * What a row reads has nothing to do with what its neighbours read: each gets workgroups of its own, or lanes, which find it
   * once.
   */
  readonly scattered?: 'workgroups' | 'lanes';
}
export const isArg = (s: Step): s is Fold => s.kind === 'fold' && (s.op === 'argmax' || s.op === 'argmin');

const KEEP = 'keep.parts';

/** Everything that some stores need: carriers, references and definitions. */
interface Cone {
  readonly names: ReadonlySet<string>;
  readonly exprs: readonly Expr[];
}

class Merger {
  private readonly defs: ReadonlyMap<string, TileDef>;
  private readonly steps: ReadonlyMap<string, Step>;

  constructor(
    private readonly stage: Stage,
    private readonly pass: Pass,
    private readonly states: States,
  ) {
    this.defs = new Map([...stage.prologue, ...pass.finish].map((d) => [d.name, d]));
    this.steps = new Map(pass.steps.map((s) => [s.name, s]));
  }

  run(): Stage[] {
    if (this.states.scattered === 'lanes') return [this.inLanes(`${this.stage.name}_merge`)];
    const groups = new Map<string, Store[]>();
    for (const s of this.stage.stores) {
      const k = this.elementwise([s]) ? s.vectors.join(',') : WHOLE;
      groups.set(k, [...(groups.get(k) ?? []), s]);
    }
    return [...groups].map(([k, stores], n) => {
      const name = `${this.stage.name}_merge${groups.size > 1 ? `_${n + 1}` : ''}`;
      return k === WHOLE ? this.whole(name, stores) : this.elements(name, stores);
    });
  }

  private cone(stores: readonly Store[]): Cone {
    const names = new Set<string>();
    const exprs: Expr[] = [];
    const expression = (e: Expr): void => {
      exprs.push(e);
      for (const n of readNames(e)) name(n);
    };
    const name = (n: string): void => {
      if (names.has(n)) return;
      const def = this.defs.get(n);
      const step = this.steps.get(n);
      if (!def && !step) return;
      names.add(n);
      if (def) expression(def.value);
      if (step?.kind === 'reference') expression(step.value);
      else if (step?.scaledBy !== undefined) name(step.scaledBy);
    };
    for (const s of stores) expression(s.value);
    return { names, exprs };
  }

  /** Vector axes of a value that is read with an index per vector. */
  private vectorsOf(name: string): readonly string[] {
    const step = this.steps.get(name);
    if (step?.kind === 'accumulate') return [step.vector];
    return this.defs.get(name)?.vectors ?? [];
  }

  /** Vectors are read only at the element that is stored, and nothing else runs over their axes. */
  private elementwise(stores: readonly Store[]): boolean {
    const own = new Set(stores[0]!.vectors);
    const { names, exprs } = this.cone(stores);
    const fine = (e: Expr): boolean => {
      if (e.kind === 'reduce' && e.axes.some((a) => own.has(a))) return false;
      if (e.kind === 'read') {
        const vectors = this.vectorsOf(e.name);
        if (vectors.some((v, n) => own.has(v) && !isVariable(e.index[n]!, v))) return false;
      }
      return children(e).every(fine);
    };
    const carried = [...names].every((n) => {
      const s = this.steps.get(n);
      return s?.kind !== 'accumulate' || own.has(s.vector);
    });
    return carried && exprs.every(fine);
  }

  /** A row per row and element. */
  private elements(name: string, stores: readonly Store[]): Stage {
    const own = stores[0]!.vectors;
    const axes = own.map((v) => ({
      name: v,
      extent: i32(this.stage.vectors.find((x) => x.name === v)!.extent),
    }));
    const scalar = (e: Expr): Expr => {
      const x = mapChildren(e, scalar);
      if (x.kind !== 'read') return x;
      const vectors = this.vectorsOf(x.name);
      return vectors.length === 0 ? x : { ...x, index: x.index.filter((_, n) => !own.includes(vectors[n]!)) };
    };
    const scalarDef = (d: TileDef): TileDef => ({
      ...d,
      vectors: d.vectors.filter((v) => !own.includes(v)),
      value: scalar(d.value),
    });
    const cone = this.cone(stores);
    const steps = this.pass.steps.filter((s) => cone.names.has(s.name));
    const shared = new Shared('col', this.states.scattered ? own : undefined);
    return this.assemble(name, cone, {
      ...(this.states.scattered
        ? { batch: [...this.stage.batch, ...this.stage.row], row: axes }
        : { batch: this.stage.batch, row: [...this.stage.row, ...axes] }),
      defs: scalarDef,
      stores: stores.map((s) => ({ ...s, vectors: [], value: scalar(s.value) })),
      steps: steps.map((s) =>
        s.kind === 'accumulate'
          ? shared.of(this.fold(s, 'sum', 'f32'))
          : s.kind === 'fold'
            ? shared.of(this.fold(s, s.op, s.type))
            : { ...s, value: scalar(s.value) },
      ),
      shared: shared.defs,
      operands: [],
    });
  }

  /** A lane per row, which has operands of its own. */
  private inLanes(name: string): Stage {
    const { stores, batch, row } = this.stage;
    const shared = new Shared(
      'tile',
      this.stage.vectors.map((v) => v.name),
    );
    const cone = this.cone(stores);
    const { operands, steps } = this.vectorSteps(cone, 'tile');
    return this.assemble(name, cone, {
      batch,
      row,
      defs: (d) => d,
      stores,
      steps: steps.map((s) =>
        s.kind === 'fold' ? shared.of(s) : s.kind === 'accumulate' ? shared.weighted(s) : s,
      ),
      operands: operands.map((o) => ({ ...o, value: shared.value(o.value) })),
      shared: shared.defs,
    });
  }

  /** A workgroup per row, whose vectors are operands. */
  private whole(name: string, stores: readonly Store[]): Stage {
    const cone = this.cone(stores);
    return this.assemble(name, cone, {
      batch: [...this.stage.batch, ...this.stage.row],
      row: [],
      defs: (d) => d,
      stores,
      ...this.vectorSteps(cone, 'col'),
    });
  }

  /** Steps over shares whose vectors are operands. */
  private vectorSteps(
    cone: Cone,
    site: 'col' | 'tile',
  ): { readonly steps: readonly Step[]; readonly operands: readonly Operand[] } {
    const operands: Operand[] = [];
    const steps = this.pass.steps
      .filter((s) => cone.names.has(s.name))
      .map((s): Step => {
        if (s.kind === 'reference') return s;
        if (s.kind === 'fold') return this.fold(s, s.op, s.type);
        const operand = `parts.${operands.length}`;
        const value = this.states.value.get(s.name)!;
        operands.push({ name: operand, site, vector: s.vector, value, storage: 'f32' });
        return { ...s, weight: this.scale(s) ?? f32(1), keep: KEEP, operand };
      });
    return { steps, operands };
  }

  /** What turns a carrier of a share into one that is measured against the merged reference. */
  private scale(s: Fold | Accumulate): Expr | undefined {
    if (s.scaledBy === undefined) return undefined;
    const reference = this.steps.get(s.scaledBy);
    const base = reference?.kind === 'reference' ? reference.base : 'exp';
    return op(base, op('sub', this.states.value.get(s.scaledBy)!, read(s.scaledBy, [])));
  }

  private fold(s: Fold | Accumulate, fold: Fold['op'], type: Fold['type']): Fold {
    const { name } = s;
    const scaled = s.scaledBy === undefined ? {} : { scaledBy: s.scaledBy };
    if (isArg(s)) {
      // The share with the best value; shares lie in the order of the stream, so the first of equals is right.
      return { ...s, name: shareOf(name), value: this.states.best.get(name)!, keep: keepOf(name) };
    }
    const state = this.states.value.get(name)!;
    const scale = this.scale(s);
    const value = scale ? op('mul', state, scale) : state;
    return { kind: 'fold', name, op: fold, type, value, keep: KEEP, ...scaled };
  }

  private assemble(
    name: string,
    cone: Cone,
    made: Pick<Stage, 'batch' | 'row' | 'stores'> & {
      readonly defs: (d: TileDef) => TileDef;
      readonly steps: readonly Step[];
      readonly operands: readonly Operand[];
      readonly shared?: readonly TileDef[];
    },
  ): Stage {
    const needed = (ds: readonly TileDef[]): TileDef[] =>
      ds.filter((d) => cone.names.has(d.name)).map(made.defs);
    const args = this.pass.steps.filter(isArg).filter((s) => cone.names.has(s.name));
    const { value, part } = this.states;
    const pass: Pass = {
      defs: made.shared ?? [],
      operands: made.operands,
      contractions: [],
      keeps: [
        { name: KEEP },
        ...args.map((s) => ({ name: keepOf(s.name), where: op('ge', value.get(s.name)!, i32(0)) })),
      ],
      steps: made.steps,
      stores: [],
      finish: [...args.map((s) => this.index(s)), ...needed(this.pass.finish)],
    };
    const vectors = usedVectors(cone, made.stores, made.steps);
    return {
      name,
      batch: made.batch,
      row: made.row,
      stream: [part],
      vectors: this.stage.vectors.filter(
        (v) => vectors.has(v.name) && !made.row.some((a) => a.name === v.name),
      ),
      prologue: needed(this.stage.prologue),
      rowOperands: [],
      passes: [pass],
      stores: made.stores,
    };
  }

  /** The index that the best share found. */
  private index(s: Fold): TileDef {
    const share = read(shareOf(s.name), [], 'i32');
    const at = this.states.value.get(s.name)! as Expr & { kind: 'read' };
    const first = op('max', share, i32(0));
    const chosen: Expr = {
      ...at,
      index: at.index.map((x) => (isVariable(x, this.states.part.name) ? first : x)),
    };
    const value = op('select', op('ge', share, i32(0)), chosen, i32(-1));
    return { name: s.name, site: 'row', vectors: [], type: 'i32', value };
  }
}

/** What is the same for all elements of a row is read once for each of its parts. */
class Shared {
  readonly defs: TileDef[] = [];
  private readonly known = new Map<string, string>();

  /** @param own axes of the elements; undefined: rows differ in all that they read */
  constructor(
    private readonly site: 'col' | 'tile',
    private readonly own: readonly string[] | undefined,
  ) {}

  of(s: Fold): Fold {
    return this.own ? { ...s, value: this.value(s.value) } : s;
  }

  weighted(s: Accumulate): Accumulate {
    return { ...s, weight: this.value(s.weight) };
  }

  value(e: Expr): Expr {
    // The steps of a pass read references and carriers, which have no index.
    const tensors = new Set<string>();
    let carried = false;
    visit(e, (x) => {
      if (x.kind !== 'read') return;
      if (x.index.length === 0) carried = true;
      else tensors.add(x.name);
    });
    const free = freeVars(e);
    if (tensors.size === 0) return e;
    if (carried || this.own!.some((a) => free.has(a))) return mapChildren(e, (x) => this.value(x));
    const name = this.known.get(key(e)) ?? `part.${this.known.size}`;
    if (!this.known.has(key(e))) {
      this.known.set(key(e), name);
      const value = mapChildren(e, (x) => this.value(x));
      this.defs.push({ name, site: this.site, vectors: [], type: e.type, value });
    }
    return read(name, [], e.type);
  }
}

const WHOLE = '*';
const shareOf = (name: string): string => `${name}.share`;
const keepOf = (name: string): string => `keep.${name}`;
const isVariable = (e: Expr, name: string): boolean => e.kind === 'var' && e.name === name;

/** Vector axes that values are reduced over, carried over or stored over. */
function usedVectors(cone: Cone, stores: readonly Store[], steps: readonly Step[]): ReadonlySet<string> {
  const out = new Set<string>(stores.flatMap((s) => s.vectors));
  for (const s of steps) if (s.kind === 'accumulate') out.add(s.vector);
  const look = (e: Expr): void => {
    if (e.kind === 'reduce') for (const a of e.axes) out.add(a);
    children(e).forEach(look);
  };
  cone.exprs.forEach(look);
  return out;
}

/** @returns one stage, or several where outputs have different vectors */
export function mergeStages(stage: Stage, pass: Pass, states: States): Stage[] {
  return new Merger(stage, pass, states).run();
}
