/** Random recurrences, as semantic IR, with steps of every kind. */
import fc from 'fast-check';
import { f32, i32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import type { IrDef, IrKernel, IrState, IrTensor } from '../../src/ir/ir.ts';
import { verifyIr } from '../../src/ir/verify.ts';

export const KINDS = [
  'sum',
  'scalar',
  'axis',
  'elementwise',
  'rank-one',
  'dense',
  'pair',
  'turned',
  'cascade',
  'running',
  'ways',
  'windowed',
  'parametric',
  'reset',
  'replaced',
  'product',
  'maximum',
  'scaled',
] as const;
export type Kind = (typeof KINDS)[number];

export interface ArtefactCase {
  readonly kinds: readonly Kind[];
  /** Outputs read the state before the step. */
  readonly exclusive: boolean;
  readonly start: 'zero' | 'input' | 'number';
  readonly reverse: boolean;
  /** Keys are a short convolution of what is given. */
  readonly convolution: boolean;
  /** Values move with the position. */
  readonly position: boolean;
  readonly length: number;
  readonly cuts: readonly [number, number];
  readonly seed: number;
}

export const cases = (of: Partial<ArtefactCase> = {}): fc.Arbitrary<ArtefactCase> =>
  fc
    .record({
      kinds: fc.uniqueArray(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 2 }),
      exclusive: fc.boolean(),
      start: fc.constantFrom('zero' as const, 'input' as const, 'number' as const),
      reverse: fc.boolean(),
      convolution: fc.boolean(),
      position: fc.boolean(),
      length: fc.integer({ min: 1, max: 9 }),
      cuts: fc.tuple(fc.nat(9), fc.nat(9)),
      seed: fc.nat(),
    })
    .map((c) => ({ ...c, ...of }));

const v = variable;
const sum = (axes: string[], body: Expr): Expr => ({ kind: 'reduce', type: 'f32', op: 'sum', axes, body });
const add = (a: Expr, b: Expr): Expr => op('add', a, b);
const sub = (a: Expr, b: Expr): Expr => op('sub', a, b);
const mul = (...all: Expr[]): Expr => all.reduce((a, b) => op('mul', a, b));
const exp = (a: Expr): Expr => op('exp', a);

/** Collects the parts of one kernel. */
class Builder {
  readonly tensors: IrTensor[] = [];
  readonly states: IrState[] = [];
  readonly defs: IrDef[] = [];
  readonly outputs: IrKernel['outputs'][number][] = [];

  constructor(readonly c: ArtefactCase) {}

  /** Reads an input, which is declared by its first read. */
  input(name: string, ...axes: string[]): Expr {
    const axis = (a: string): string => (a === 'f' ? 'd' : a);
    if (!this.tensors.some((t) => t.name === name))
      this.tensors.push({
        name,
        storage: 'f32',
        optional: false,
        dims: axes.map((a) => ({
          axis: axis(a),
          extent: a === 'p' ? i32(2) : v({ t: 'N', d: 'D', f: 'D', e: 'E' }[a]!),
        })),
      });
    return read(
      name,
      axes.map((a) => v(a)),
    );
  }

  let(name: string, indices: string[], value: Expr): Expr {
    this.defs.push({ name, role: 'let', indices, type: value.type, value });
    return read(
      name,
      indices.map((a) => v(a)),
      value.type,
    );
  }

  out(name: string, indices: string[], value: Expr): void {
    this.let(name, indices, value);
    this.outputs.push({ name, storage: 'f32', def: name, indices });
  }

  /** Declares a state and the reads of it before and after its step. */
  state(name: string, indices: string[], step: (before: Expr) => Expr, from?: number) {
    const { c } = this;
    const columns = indices.filter((a) => a !== 't');
    const init =
      from !== undefined
        ? f32(from)
        : c.start === 'zero'
          ? f32(0)
          : c.start === 'number'
            ? f32(0.5)
            : this.input(`${name}0`, ...columns);
    const before = read(
      name,
      indices.map((a) => v(a)),
    );
    this.states.push({
      name,
      axis: 't',
      reverse: c.reverse,
      indices,
      type: 'f32',
      init,
      next: `${name}.next`,
      final: `${name}.last`,
    });
    const after = this.let(`${name}.next`, indices, step(before));
    return { before, after, read: c.exclusive ? before : after };
  }

  key(name: string): Expr {
    if (!this.c.convolution) return this.input(name, 't', 'd');
    this.input(name, 't', 'd');
    const at = sub(v('t'), v('i'));
    const value: Expr = {
      kind: 'reduce',
      type: 'f32',
      op: 'sum',
      axes: ['i'],
      where: op('ge', at, i32(0)),
      body: mul(read('w', [v('i')]), read(name, [at, v('d')])),
    };
    if (!this.tensors.some((t) => t.name === 'w'))
      this.tensors.push({
        name: 'w',
        storage: 'f32',
        optional: false,
        dims: [{ axis: 'i', extent: i32(3) }],
      });
    return this.let(`${name}.conv`, ['t', 'd'], value);
  }

  value(name: string): Expr {
    const plain = this.input(name, 't', 'e');
    if (!this.c.position) return plain;
    const at: Expr = { kind: 'op', type: 'f32', op: 'cast', args: [v('t')] };
    return mul(plain, op('cos', at));
  }
}

const gate = (x: Expr): Expr => exp(op('neg', op('abs', x)));

function piece(b: Builder, kind: Kind, n: number): void {
  const S = `S${n}`;
  const y = `y${n}`;
  const te = ['t', 'e'];
  const tde = ['t', 'd', 'e'];
  const write = (): Expr => mul(b.key(`k${n}`), b.value(`v${n}`));
  const a = (...axes: string[]): Expr => gate(b.input(`a${n}`, ...axes));
  const query = b.input(`q${n}`, 't', 'd');
  const out = (s: { read: Expr }): void => b.out(y, te, sum(['d'], mul(query, s.read)));
  switch (kind) {
    case 'sum':
      return out(b.state(S, tde, (s) => add(s, write())));
    case 'scalar':
      return out(b.state(S, tde, (s) => add(mul(a('t'), s), write())));
    case 'axis':
      return out(b.state(S, tde, (s) => add(mul(a('t', 'd'), s), write())));
    case 'elementwise':
      return out(b.state(S, tde, (s) => add(mul(a(...tde), s), write())));
    case 'product':
      return out(b.state(S, tde, (s) => mul(a('t', 'd'), s)));
    case 'replaced':
      return out(b.state(S, tde, () => write()));
    case 'reset': {
      const reset = op('gt', b.input(`r${n}`, 't'), f32(0.3));
      return out(b.state(S, tde, (s) => add(mul(a('t', 'd'), op('select', reset, f32(0), s)), write())));
    }
    case 'rank-one':
      return out(
        b.state(S, tde, (s) => {
          const key = b.key(`k${n}`);
          const kept = b.let(`${S}.kept`, tde, mul(a('t'), s));
          const seen = b.let(`${S}.seen`, te, sum(['d'], mul(key, kept)));
          const write = mul(gate(b.input(`b${n}`, 't')), key, sub(b.value(`v${n}`), seen));
          return add(kept, write);
        }),
      );
    case 'dense':
      return out(
        b.state(S, tde, () => {
          const matrix = b.input(`M${n}`, 't', 'd', 'f');
          return add(sum(['f'], mul(matrix, read(S, [v('t'), v('f'), v('e')]))), write());
        }),
      );
    case 'pair': {
      const [cos, sin] = [b.input(`c${n}`, 't', 'd'), b.input(`s${n}`, 't', 'd')];
      const [re, im] = ['re', 'im'].map((x) => read(`${x}${n}`, [v('t'), v('d')]));
      const x = b.key(`k${n}`);
      const first = b.state(`re${n}`, ['t', 'd'], () => add(sub(mul(cos, re!), mul(sin, im!)), x));
      const other = b.state(`im${n}`, ['t', 'd'], () => add(mul(sin, re!), mul(cos, im!)));
      return b.out(y, ['t', 'd'], sub(first.read, mul(query, other.read)));
    }
    case 'turned': {
      const tpe = ['t', 'p', 'e'];
      const s = b.state(S, tpe, () => {
        const other = read(S, [v('t'), sub(i32(1), v('p')), v('e')]);
        return add(mul(b.input(`a${n}`, 't', 'p'), other), b.value(`v${n}`));
      });
      return b.out(y, te, sum(['p'], s.read));
    }
    case 'cascade': {
      const s = b.state(S, tde, (x) => add(mul(a('t'), x), write()));
      const seen = b.let(`${S}.seen`, te, sum(['d'], mul(query, s.read)));
      const r = b.state(`R${n}`, te, (x) => add(mul(gate(b.input(`b${n}`, 't')), x), seen));
      return b.out(y, te, r.read);
    }
    case 'running': {
      const s = b.state(S, tde, (x) => add(x, write()));
      const r = b.state(`R${n}`, te, (x) => add(x, sum(['d'], mul(query, s.read))));
      return b.out(y, te, r.read);
    }
    case 'ways': {
      const td = ['t', 'd'];
      const s = b.state(S, td, (x) => add(mul(a('t', 'd'), x), b.key(`k${n}`)));
      const u = b.state(`U${n}`, ['t'], (x) => add(x, sum(['d'], mul(query, s.read))));
      const other = mul(b.input(`x${n}`, ...td), u.read);
      const r = b.state(`R${n}`, td, (x) => add(add(mul(gate(b.input(`b${n}`, 't')), x), s.read), other));
      return b.out(y, td, mul(query, r.read));
    }
    case 'windowed':
    case 'parametric': {
      const width = kind === 'parametric' ? v('width') : i32(3);
      // Positions near by are looked at one by one, those before them are in the state.
      const at = (name: string, position: Expr, axis: string): Expr => {
        b.input(name, 't', axis);
        return read(name, [position, v(axis)]);
      };
      const [key, value] = [at(`k${n}`, v('j'), 'd'), at(`v${n}`, v('j'), 'e')];
      const w = b.let(`w${n}`, ['t', 'j'], exp(sum(['d'], mul(query, key))));
      const first = b.let(`first${n}`, ['t'], op('max', add(sub(v('t'), width), i32(1)), i32(0)));
      const inside = op('and', op('le', first, v('j')), op('lt', v('j'), add(v('t'), i32(1))));
      const near: Expr = {
        kind: 'reduce',
        type: 'f32',
        op: 'sum',
        axes: ['j'],
        where: inside,
        body: mul(w, value),
      };
      b.let(`g${n}`, ['j', 'd'], mul(key, key));
      const before = sub(v('t'), width);
      const left = mul(read(`g${n}`, [before, v('d')]), at(`v${n}`, before, 'e'));
      const delayed = op('select', op('ge', before, i32(0)), left, f32(0));
      const s = b.state(S, tde, (x) => add(x, delayed));
      return b.out(y, te, add(b.let(`near${n}`, te, near), sum(['d'], mul(query, s.read))));
    }
    case 'maximum': {
      const [shift, value] = [b.input(`a${n}`, 't'), b.input(`s${n}`, 't', 'd')];
      const m = b.state(`m${n}`, ['t', 'd'], (x) => op('max', add(x, shift), value));
      return b.out(y, ['t', 'd'], m.read);
    }
    case 'scaled': {
      const [shift, value] = [b.input(`a${n}`, 't'), b.input(`s${n}`, 't')];
      const m = b.state(`m${n}`, ['t'], (x) => op('max', sub(x, shift), value), -1e30);
      const decay = b.let(`f${n}`, ['t'], exp(sub(sub(m.before, shift), m.after)));
      const weight = exp(sub(value, m.after));
      const key = b.key(`k${n}`);
      const s = b.state(S, tde, (x) => add(mul(decay, x), mul(weight, key, b.value(`v${n}`))), 0);
      const z = b.state(`n${n}`, ['t', 'd'], (x) => add(mul(decay, x), mul(weight, key)), 0);
      const norm = op('max', op('abs', sum(['d'], mul(query, z.after))), exp(op('neg', m.after)));
      return b.out(y, te, op('div', sum(['d'], mul(query, s.after)), norm));
    }
  }
}

export function kernelOf(c: ArtefactCase): IrKernel {
  const b = new Builder(c);
  c.kinds.forEach((kind, n) => piece(b, kind, n));
  const names = new Set(b.tensors.flatMap((t) => t.dims.map((d) => d.axis)));
  const used = [...names, ...b.states.flatMap((s) => s.indices)];
  const k: IrKernel = {
    name: 'k',
    sizes: ['N', 'D', 'E'].filter((s) => s === 'N' || used.includes(s.toLowerCase())),
    axes: [
      { name: 't', extent: v('N') },
      ...(used.includes('d')
        ? [
            { name: 'd', extent: v('D') },
            { name: 'f', extent: v('D') },
          ]
        : []),
      ...(used.includes('e') ? [{ name: 'e', extent: v('E') }] : []),
      { name: 'j', extent: v('N') },
      { name: 'p', extent: i32(2) },
      { name: 'i', extent: i32(3) },
    ],
    params: [{ name: 'width', type: 'i32', default: i32(3) }],
    requires: [{ condition: op('ge', v('width'), i32(1)), text: 'width >= 1' }],
    tensors: b.tensors,
    masks: [],
    states: b.states,
    defs: b.defs,
    outputs: b.outputs,
  };
  verifyIr(k, 'case');
  return k;
}

/** What a state starts from. */
export const startOf = (s: IrState, inputs: Readonly<Record<string, Tensor>>): Tensor | number =>
  s.init.kind === 'read' ? inputs[s.init.name]! : (s.init as Expr & { kind: 'const' }).value;

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}
export const filled = (shape: readonly number[], value: number): Tensor => ({
  shape,
  data: new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(value),
});
