/** Checks that a tiled program is well formed: every value is computed before it is read, at a place that can see it. */
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import { freeVars, visit, type Expr } from '../expr/expr.ts';
import type { Block, Operand, Pass, Recurrence, Site, Stage, Store, TileDef, TileProgram } from './tile.ts';

/** Which sites a value at a site may read. */
const SEES: Readonly<Record<Site, readonly Site[]>> = {
  uniform: ['uniform'],
  row: ['uniform', 'row'],
  col: ['uniform', 'col'],
  tile: ['uniform', 'row', 'col', 'tile'],
};

class StageVerifier {
  private readonly sites = new Map<string, Site>();
  private readonly operands = new Map<string, Site>();
  private readonly tensors: ReadonlySet<string>;
  private readonly scalars: ReadonlySet<string>;

  constructor(
    private readonly s: Stage,
    p: TileProgram,
  ) {
    this.tensors = new Set(p.tensors.filter((t) => t.role !== 'out').map((t) => t.name));
    this.scalars = new Set([...p.sizes, ...p.params.map((x) => x.name)]);
  }

  private fail(message: string): never {
    throw new CompilerBug('tile/verify', `${this.s.name}: ${message}`);
  }

  run(): void {
    const names = [...this.s.batch, ...this.s.row, ...this.s.stream, ...this.s.vectors].map((a) => a.name);
    if (new Set(names).size !== names.length) this.fail('an axis has two roles');
    this.part();
    if (this.s.recurrence) this.steps(this.s.recurrence);
    if (this.s.block) this.together(this.s.block);
    this.s.prologue.forEach((d) => this.define(d));
    for (const o of this.s.rowOperands) this.operand(o.name, 'row', o.value, [o.vector]);
    this.s.passes.forEach((p) => this.pass(p));
    for (const st of this.s.stores) this.store(st);
  }

  private store(s: Store): void {
    this.check(s.value, 'row', s.vectors);
    if (s.where) this.check(s.where, 'row', []);
    for (const x of s.indices) if (typeof x === 'object') this.check(x, 'row', []);
    if (s.where && s.vectors.length > 0) this.fail(`vectors of ${s.output} are written for some rows only`);
  }

  private part(): void {
    const { part, batch, passes } = this.s;
    if (!part) return;
    const extent = batch.find((a) => a.name === part.axis)?.extent;
    if (extent?.kind !== 'const' || extent.value !== part.of)
      this.fail(`the shares of the stream are no batch axis of ${part.of}`);
    // A later pass would begin with the carriers of a share.
    if (passes.length !== 1) this.fail('a shared stream has more than one pass');
  }

  /** Every value of a step is known where it is read, at as many indices as it has axes. */
  private steps(r: Recurrence): void {
    const axes = [...this.s.batch, ...this.s.row, ...this.s.vectors, ...r.loops, r.axis].map((a) => a.name);
    if (this.s.passes.length + this.s.stores.length + this.s.prologue.length > 0)
      this.fail('a stage has a recurrence and something else');
    if (axes.indexOf(r.axis.name) < axes.length - 1) this.fail('the axis of the recurrence has two roles');
    const arity = new Map<string, number>(r.states.map((x) => [x.name, x.indices.length]));
    const check = (e: Expr, bound: readonly string[], what: string): void => {
      for (const v of freeVars(e))
        if (!bound.includes(v) && !this.scalars.has(v)) this.fail(`${v} is not known in ${what}`);
      visit(e, (x) => {
        if (x.kind === 'reduce')
          for (const a of x.axes)
            if (![...this.s.vectors, ...r.loops].some((v) => v.name === a))
              this.fail(`${what} reduces ${a}, which is no vector`);
        if (x.kind !== 'read' || this.tensors.has(x.name)) return;
        if (!arity.has(x.name)) this.fail(`${x.name} is read before it is computed, in ${what}`);
        if (arity.get(x.name) !== x.index.length) this.fail(`${x.name} has other indices, in ${what}`);
      });
    };
    for (const d of r.defs) {
      for (const a of d.indices) if (!axes.includes(a)) this.fail(`${d.name} has the axis ${a}`);
      check(d.value, d.indices, d.name);
      arity.set(d.name, d.indices.length);
    }
    for (const x of r.states) {
      if (r.loops.some((a) => x.indices.includes(a.name))) this.fail(`${x.name} is held along an open axis`);
      check(
        x.init,
        x.indices.filter((a) => a !== r.axis.name),
        `the initial value of ${x.name}`,
      );
      const next = r.defs.find((d) => d.name === x.next);
      if (!next) this.fail(`state ${x.name} has no ${x.next}`);
      if ([...next.indices].sort().join() !== [...x.indices].sort().join())
        this.fail(`${x.next} has other axes than state ${x.name}`);
    }
    for (const x of r.stores) if (!r.defs.some((d) => d.name === x.name)) this.fail(`no value ${x.name}`);
    for (const x of r.finals) if (!r.states.some((s) => s.name === x.name)) this.fail(`no state ${x.name}`);
  }

  /** Values are known before they are read, at as many indices as they have axes, and batch axes are read at their own position. */
  private together(b: Block): void {
    const batch = new Set(this.s.batch.map((a) => a.name));
    const vectors = this.s.vectors.map((v) => v.name);
    const walk = b.walk ? [b.walk.axis] : [];
    if (walk.some((a) => batch.has(a) || vectors.includes(a))) this.fail('the walk has two roles');
    const known = new Map<string, readonly string[]>();
    for (const s of b.states) {
      if (!vectors.includes(s.axis) && s.axis !== b.walk?.axis)
        this.fail(`state ${s.name} runs along ${s.axis}, which is no vector`);
      known.set(s.name, s.indices);
      known.set(
        s.final,
        s.indices.filter((a) => a !== s.axis),
      );
    }
    const check = (e: Expr, bound: readonly string[], what: string): void => {
      for (const v of freeVars(e))
        if (!bound.includes(v) && !batch.has(v) && !this.scalars.has(v))
          this.fail(`${v} is not known in ${what}`);
      visit(e, (x) => {
        if (x.kind !== 'read' || this.tensors.has(x.name)) return;
        const indices = known.get(x.name);
        if (!indices) this.fail(`${x.name} is read before it is computed, in ${what}`);
        if (indices.length !== x.index.length) this.fail(`${x.name} has other indices, in ${what}`);
        for (const [n, a] of indices.entries()) {
          const own = x.index[n];
          if (batch.has(a) && !(own?.kind === 'var' && own.name === a))
            this.fail(`${what} reads ${x.name} of another member of the batch`);
        }
      });
    };
    for (const d of b.defs) {
      check(d.value, d.indices, d.name);
      known.set(d.name, d.indices);
    }
    for (const s of b.states) check(s.init, s.indices, `the initial value of ${s.name}`);
    for (const x of b.stores)
      for (const e of [x.value, ...x.index, ...(x.where ? [x.where] : [])])
        check(e, [...x.axes, ...walk], x.output);
  }

  private define(d: TileDef): void {
    this.check(d.value, d.site, d.vectors);
    if (this.sites.has(d.name) && d.site !== 'tile' && d.site !== 'col')
      this.fail(`${d.name} is defined twice`);
    this.sites.set(d.name, d.site);
  }

  private operand(name: string, site: Site, value: Expr, vectors: readonly string[]): void {
    this.check(value, site, vectors);
    this.operands.set(name, site);
  }

  /** Only lanes that own rows and read in place have vectors of their own for each element. */
  private apart(o: Operand): void {
    const { plan } = this.s;
    if (plan && (plan.arrangement !== 'lane-rows' || plan.operands !== 'direct'))
      this.fail(`${o.name} differs from row to row, and lanes would share it`);
    this.operand(o.name, 'tile', o.value, [o.vector]);
  }

  private pass(p: Pass): void {
    if (p.needed) this.check(p.needed, 'row', []);
    p.defs.filter((d) => d.site === 'col').forEach((d) => this.define(d));
    for (const o of p.operands) if (o.site !== 'tile') this.operand(o.name, 'col', o.value, [o.vector]);
    for (const c of p.contractions) {
      if (this.operands.get(c.rows) !== 'row' || this.operands.get(c.cols) !== 'col')
        this.fail(`contraction ${c.name} does not join a row operand and a column operand`);
      this.sites.set(c.name, 'tile');
    }
    p.defs.filter((d) => d.site === 'tile').forEach((d) => this.define(d));
    for (const o of p.operands) if (o.site === 'tile') this.apart(o);
    for (const k of p.keeps) if (k.where) this.check(k.where, 'tile', []);
    const keeps = new Set(p.keeps.map((k) => k.name));
    const references = new Set<string>();
    for (const s of p.steps) {
      if (s.kind === 'reference') {
        this.check(s.value, 'row', []);
        references.add(s.name);
        this.sites.set(s.name, 'row');
        continue;
      }
      if (!keeps.has(s.keep)) this.fail(`${s.name} uses the unknown domain ${s.keep}`);
      if (s.scaledBy && !references.has(s.scaledBy))
        this.fail(`${s.name} is scaled by the unknown ${s.scaledBy}`);
      this.check(s.kind === 'fold' ? s.value : s.weight, 'tile', []);
      this.sites.set(s.name, 'row');
    }
    for (const st of p.stores) {
      if (st.keep !== undefined && !keeps.has(st.keep))
        this.fail(`${st.output} is written in the unknown domain ${st.keep}`);
      this.check(st.value, 'tile', []);
    }
    p.finish.forEach((d) => this.define(d));
  }

  private check(e: Expr, site: Site, vectors: readonly string[]): void {
    const axes = new Set([...this.s.batch.map((a) => a.name), ...vectors, ...this.scalars]);
    if (site === 'row' || site === 'tile') this.s.row.forEach((a) => axes.add(a.name));
    if (site === 'col' || site === 'tile') this.s.stream.forEach((a) => axes.add(a.name));
    for (const v of freeVars(e)) if (!axes.has(v)) this.fail(`${v} is not known at a ${site} value`);
    visit(e, (x) => {
      if (x.kind !== 'read' || this.tensors.has(x.name)) return;
      const at = this.sites.get(x.name);
      if (!at) this.fail(`${x.name} is read before it is computed`);
      if (!SEES[site].includes(at)) this.fail(`a ${site} value reads the ${at} value ${x.name}`);
    });
  }
}

export function verifyTile(p: TileProgram): void {
  for (const s of p.stages) new StageVerifier(s, p).run();
}
