/** Checks that a kernel of the semantic IR is well formed. A failure is a bug of the pass before, never of the user. */
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import { children, type Expr } from '../expr/expr.ts';
import { isSelection, OPS, SELECT_ARGUMENTS, type OpRow, type SelectOp } from '../expr/ops.ts';
import { STORAGE, type ScalarType } from '../expr/types.ts';
import type { IrKernel, IrState } from './ir.ts';

interface Readable {
  readonly arity: number;
  readonly type: ScalarType;
}

class Verifier {
  private readonly axes = new Set<string>();
  private readonly scalars = new Map<string, ScalarType>();
  private readonly readable = new Map<string, Readable>();

  constructor(
    private readonly kernel: IrKernel,
    private readonly stage: string,
  ) {}

  run(): void {
    const k = this.kernel;
    const names = [
      ...k.sizes,
      ...k.axes.map((a) => a.name),
      ...k.params.map((p) => p.name),
      ...k.tensors.map((t) => t.name),
      ...k.defs.map((d) => d.name),
      ...k.states.flatMap((s) => [s.name, s.final]),
    ];
    const twice = names.find((n, at) => names.indexOf(n) !== at);
    if (twice !== undefined) this.fail(`two things are named ${twice}`);
    for (const s of k.sizes) this.scalars.set(s, 'i32');
    for (const a of k.axes) {
      this.check(a.extent, new Set(), `extent of ${a.name}`, 'i32');
      this.axes.add(a.name);
    }
    for (const t of k.tensors) {
      for (const d of t.dims) {
        this.check(d.extent, new Set(), `dimension of ${t.name}`, 'i32');
        if (d.axis !== undefined && !this.axes.has(d.axis)) this.fail(`${t.name} has unknown axis ${d.axis}`);
      }
    }
    for (const p of k.params) {
      if (p.default) this.check(p.default, new Set(), `default of ${p.name}`, p.type);
      this.scalars.set(p.name, p.type);
    }
    for (const r of k.requires) this.check(r.condition, new Set(), `requirement ${r.text}`, 'bool');
    for (const t of k.tensors)
      this.readable.set(t.name, { arity: t.dims.length, type: STORAGE[t.storage].value });
    for (const s of k.states) this.declareState(s);
    // A definition can be read only by later ones: that is the dependence order.
    for (const d of k.defs) {
      for (const a of d.indices) if (!this.axes.has(a)) this.fail(`${d.name} has unknown index ${a}`);
      if (new Set(d.indices).size !== d.indices.length) this.fail(`${d.name} has an index twice`);
      this.check(d.value, new Set(d.indices), d.name, d.type);
      this.readable.set(d.name, { arity: d.indices.length, type: d.type });
    }
    for (const s of k.states) this.checkState(s);
    // Mask lines are kept for people; what only they read may be gone.
    for (const m of k.masks) if (m.type !== 'bool') this.fail(`mask is ${m.type}`);
    if (k.outputs.length === 0) this.fail('no output');
    for (const o of k.outputs) this.checkOutput(o);
  }

  private declareState(s: IrState): void {
    for (const a of s.indices) if (!this.axes.has(a)) this.fail(`state ${s.name} has unknown index ${a}`);
    if (new Set(s.indices).size !== s.indices.length) this.fail(`state ${s.name} has an index twice`);
    if (!s.indices.includes(s.axis)) this.fail(`state ${s.name} is not over its axis ${s.axis}`);
    this.readable.set(s.name, { arity: s.indices.length, type: s.type });
    this.readable.set(s.final, { arity: s.indices.length - 1, type: s.type });
  }

  private checkState(s: IrState): void {
    const free = new Set(s.indices.filter((a) => a !== s.axis));
    this.check(s.init, free, `initial value of ${s.name}`, s.type);
    const next = this.kernel.defs.find((d) => d.name === s.next);
    if (!next) return this.fail(`state ${s.name} has no definition ${s.next}`);
    if ([...next.indices].sort().join() !== [...s.indices].sort().join())
      this.fail(`indices of ${s.next} are not those of state ${s.name}`);
    if (next.type !== s.type) this.fail(`state ${s.name} is ${s.type}, ${s.next} is ${next.type}`);
  }

  private checkStateRead(e: Expr & { kind: 'read' }, at: string): void {
    const s = this.kernel.states.find((x) => x.name === e.name);
    const position = s && e.index[s.indices.indexOf(s.axis)];
    if (s && !(position?.kind === 'var' && position.name === s.axis))
      this.fail(`state ${s.name} is read at another position than its own${at}`);
  }

  private checkOutput(o: IrKernel['outputs'][number]): void {
    const def = this.kernel.defs.find((d) => d.name === o.def);
    if (!def) return this.fail(`output ${o.name} has no definition`);
    if ([...o.indices].sort().join() !== [...def.indices].sort().join())
      this.fail(`indices of output ${o.name} are not those of ${o.def}`);
    if (STORAGE[o.storage].value !== def.type)
      this.fail(`output ${o.name} stores ${o.storage}, ${o.def} is ${def.type}`);
  }

  private check(e: Expr, bound: ReadonlySet<string>, where: string, type: ScalarType): void {
    if (e.type !== type) this.fail(`${where} is ${e.type}, not ${type}`);
    this.walk(e, bound, where);
  }

  private walk(e: Expr, bound: ReadonlySet<string>, where: string): void {
    const at = ` in ${where}`;
    if (e.kind === 'var') {
      const type = bound.has(e.name) ? 'i32' : this.scalars.get(e.name);
      if (type === undefined) this.fail(`unbound variable ${e.name}${at}`);
      if (type !== e.type) this.fail(`variable ${e.name} is ${type}, used as ${e.type}${at}`);
    } else if (e.kind === 'read') {
      const target = this.readable.get(e.name);
      if (!target) return this.fail(`read of ${e.name}, which is not defined before${at}`);
      if (target.arity !== e.index.length)
        this.fail(`${e.name} has ${target.arity} dimensions, read with ${e.index.length}${at}`);
      if (target.type !== e.type) this.fail(`${e.name} is ${target.type}, read as ${e.type}${at}`);
      this.checkStateRead(e, at);
      for (const x of e.index) if (x.type !== 'i32') this.fail(`index of ${e.name} is ${x.type}${at}`);
    } else if (e.kind === 'op') this.checkOp(e, at);
    else if (e.kind === 'reduce') return this.walkReduce(e, bound, where);
    for (const c of children(e)) this.walk(c, bound, where);
  }

  private checkOp(e: Expr & { kind: 'op' }, at: string): void {
    const row: OpRow = OPS[e.op];
    if (row.arity !== e.args.length) this.fail(`${e.op} has ${e.args.length} operands${at}`);
    const types = e.args.map((a) => a.type);
    if (e.op !== 'cast' && row.type(types) !== e.type) this.fail(`${e.op} gives ${e.type}${at}`);
    const operands = e.op === 'select' ? types.slice(1) : types;
    if (e.op === 'select' && types[0] !== 'bool') this.fail(`condition is ${types[0]}${at}`);
    if (operands.some((t) => t !== operands[0])) this.fail(`${e.op} of ${types.join(' and ')}${at}`);
    const logic = e.op === 'and' || e.op === 'or' || e.op === 'not';
    if (logic !== (operands[0] === 'bool') && !['eq', 'ne', 'select', 'cast'].includes(e.op))
      this.fail(`${e.op} of ${types.join(' and ')}${at}`);
    const integers = [
      'idiv',
      'mod',
      'quot',
      'rem',
      'bitand',
      'bitor',
      'bitxor',
      'bitnot',
      'shl',
      'shr',
      'philox',
    ];
    if (integers.includes(e.op) && operands[0] === 'f32') this.fail(`${e.op} of f32${at}`);
    if (row.type(['i32', 'i32', 'i32']) === 'f32' && operands[0] !== 'f32')
      this.fail(`${e.op} of ${operands[0]}${at}`);
  }

  private walkReduce(e: Expr & { kind: 'reduce' }, bound: ReadonlySet<string>, where: string): void {
    const inner = new Set(bound);
    if (e.axes.length === 0) this.fail(`reduction over no axis in ${where}`);
    for (const a of e.axes) {
      if (!this.axes.has(a)) this.fail(`reduction over unknown axis ${a} in ${where}`);
      inner.add(a);
    }
    if (isSelection(e.op)) return this.walkSelection(e, e.op, bound, where);
    const truth = e.op === 'any' || e.op === 'all';
    const result =
      e.op === 'mean' || e.op === 'logsumexp'
        ? 'f32'
        : e.op === 'argmax' || e.op === 'argmin'
          ? 'i32'
          : e.body.type;
    if (truth !== (e.body.type === 'bool') || result !== e.type)
      this.fail(`${e.op} of ${e.body.type} gives ${e.type} in ${where}`);
    if (e.where) this.check(e.where, inner, `${where} (where)`, 'bool');
    this.walk(e.body, inner, where);
  }

  private walkSelection(
    e: Expr & { kind: 'reduce' },
    name: SelectOp,
    outer: ReadonlySet<string>,
    where: string,
  ): void {
    const wanted = SELECT_ARGUMENTS[name];
    const args = e.args ?? [];
    if (e.axes.length !== 1) this.fail(`${name} over ${e.axes.length} axes in ${where}`);
    if (args.length !== wanted.length) this.fail(`${name} has ${args.length} arguments in ${where}`);
    args.forEach((a, n) => this.check(a, outer, `${where} (${name})`, wanted[n]!));
    const inner = new Set([...outer, ...e.axes]);
    if (e.where) this.check(e.where, inner, `${where} (where)`, 'bool');
    this.check(e.body, inner, `${where} (${name})`, name === 'nth' ? 'bool' : e.body.type);
    if (e.type !== (name === 'nth' ? 'i32' : 'bool')) this.fail(`${name} gives ${e.type} in ${where}`);
  }

  private fail(message: string): void {
    throw new CompilerBug(this.stage, `kernel ${this.kernel.name}: ${message}`);
  }
}

/**
 * Verifies names, types, numbers of indices and the order of definitions.
 * @param stage named in the bug report: the pass that made the kernel
 * @throws CompilerBug at the first violation
 */
export function verifyIr(kernel: IrKernel, stage = 'ir/verify'): void {
  new Verifier(kernel, stage).run();
}
