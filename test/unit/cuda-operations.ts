/** One kernel for each operation and operand types, for comparison with the meaning that `ops.ts` gives. */
import { op, read, variable as v, type Expr } from '../../src/expr/expr.ts';
import { OPS, type OpName } from '../../src/expr/ops.ts';
import type { ScalarType } from '../../src/expr/types.ts';
import { LANE, letS, store } from '../../src/kernel/build.ts';
import type { Kernel, Program } from '../../src/kernel/kernel.ts';
import { opTypeError } from '../../src/kernel/verify-expr.ts';

export interface OperationCase {
  readonly name: string;
  readonly types: readonly ScalarType[];
  /** Over variables `a0`, `a1`, `a2` of these types. */
  readonly value: Expr;
}

const F: readonly ScalarType[] = ['f32'];
const INTS: readonly ScalarType[] = ['i32', 'u32'];
const NUMBERS: readonly ScalarType[] = ['f32', 'i32', 'u32'];
const TYPES: Readonly<Record<OpName, readonly ScalarType[]>> = {
  ...(Object.fromEntries(Object.keys(OPS).map((name) => [name, F])) as Record<OpName, readonly ScalarType[]>),
  ...{ neg: NUMBERS, abs: NUMBERS, add: NUMBERS, sub: NUMBERS, mul: NUMBERS, min: NUMBERS, max: NUMBERS },
  ...{ idiv: INTS, mod: INTS, quot: INTS, rem: INTS, shl: INTS, shr: INTS },
  ...{ bitand: INTS, bitor: INTS, bitxor: INTS, bitnot: INTS, bits_to_f32: INTS },
  philox: ['u32'],
  ...{ lt: NUMBERS, le: NUMBERS, gt: NUMBERS, ge: NUMBERS },
  ...{ eq: [...NUMBERS, 'bool'], ne: [...NUMBERS, 'bool'], and: ['bool'], or: ['bool'], not: ['bool'] },
};

/** Operations whose operands differ in type: what they are. */
const MIXED: Readonly<Partial<Record<OpName, readonly (readonly ScalarType[])[]>>> = {
  select: NUMBERS.map((type) => ['bool', type, type]),
  dot4_i8: [['u32', 'u32', 'i32']],
  dot4_u8: [['u32', 'u32', 'u32']],
};

function cases(): OperationCase[] {
  const out: OperationCase[] = [];
  const add = (name: string, types: readonly ScalarType[], build: (...args: Expr[]) => Expr): void => {
    const value = build(...types.map((t, n) => v(`a${n}`, t)));
    const error = value.kind === 'op' ? opTypeError(value) : undefined;
    if (error !== undefined) throw new Error(error);
    out.push({ name, types, value });
  };
  for (const name of Object.keys(OPS) as OpName[]) {
    if (name === 'cast') continue;
    const rows = MIXED[name] ?? TYPES[name].map((type) => Array<ScalarType>(OPS[name].arity).fill(type));
    for (const types of rows) add(`${name}_${types.at(-1)!}`, types, (...a) => op(name, ...a));
  }
  const all: readonly ScalarType[] = [...NUMBERS, 'bool'];
  for (const from of all)
    for (const to of all)
      add(`cast_${from}_${to}`, [from], (a) => ({ kind: 'op', type: to, op: 'cast', args: [a!] }));
  return out;
}

export const OPERATION_CASES: readonly OperationCase[] = cases();

/** Operands of the n-th lane; pairs hold equal, opposite, zero and extreme values. */
export function operands(type: ScalarType, position: number): Float64Array {
  const of = (list: readonly number[], reach: number): Float64Array =>
    Float64Array.from(
      { length: 64 },
      (_, n) => list[(position === 0 ? n : n * reach + position * 3) % list.length]!,
    );
  switch (type) {
    case 'f32':
      return of([0.5, -2.25, 3, 0.001, -0.75, 1.5, 10.125, 2.5, -3.5, 0.3, 7, -0.01, 20, 65000], 5).map(
        Math.fround,
      );
    case 'i32':
      return of([7, -7, 1, 0, 16, -16, 5, -1, 100000, -100000, 2147483647, -2147483648, 3, 33], 5);
    case 'u32':
      return of([7, 1, 0, 16, 4294967295, 5, 2147483648, 100000, 3, 33, 77], 4);
    case 'bool':
      return of([1, 0, 0, 1, 1], 2);
  }
}

/** Of operands of the operation that has the most. */
export const POSITIONS = Array.from(
  { length: Math.max(...Object.values(OPS).map((o) => o.arity)) },
  (_, p) => p,
);

const tensorName = (type: ScalarType, position: number): string => `${type}_${position}`;

/** All cases as one program: the operand tensors `TYPE_POSITION` go in, one output tensor per case comes out. */
export function operationProgram(list: readonly OperationCase[]): Program {
  const n = v('N');
  const kernels = list.map((c): Kernel => {
    const inputs = c.types.map((type, position) => ({ type, name: tensorName(type, position) }));
    return {
      name: `op_${c.name}`,
      buffers: [
        ...inputs.map(({ name, type }) => ({ name, storage: type, access: 'read' as const, elements: n })),
        { name: `out_${c.name}`, storage: c.value.type, access: 'write' as const, elements: n },
      ],
      uniforms: [],
      shared: [],
      lanes: 64,
      grid: { kind: 'const', type: 'i32', value: 1 },
      body: [
        ...inputs.map(({ name, type }, position) => letS(`a${position}`, read(name, [LANE], type))),
        store(`out_${c.name}`, LANE, c.value),
      ],
    };
  });
  const types: readonly ScalarType[] = [...NUMBERS, 'bool'];
  return {
    name: 'operations',
    kernels,
    inputs: types.flatMap((t) => POSITIONS.map((p) => ({ name: tensorName(t, p), storage: t, shape: [n] }))),
    outputs: list.map((c) => ({ name: `out_${c.name}`, storage: c.value.type, shape: [n] })),
    workspace: [],
    uniforms: [{ name: 'N', type: 'i32' }],
    fixed: {},
  };
}
