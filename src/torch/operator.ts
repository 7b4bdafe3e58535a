/** One kernel as an operator of PyTorch: its arguments, results and checks as data that all printers read. */
import type { Program } from '../kernel/kernel.ts';
import type { Expr } from '../expr/expr.ts';
import { printExpr } from '../expr/print.ts';
import { simplify } from '../expr/simplify.ts';
import type { ScalarType, StorageType } from '../expr/types.ts';
import type { IrKernel, IrParam } from '../ir/ir.ts';
import { eagerFormula, type Formula } from './eager.ts';
import { pythonIdentifier } from './names.ts';

export interface TorchTensor {
  readonly name: string;
  /** In Python, C++ and the schema. */
  readonly id: string;
  readonly storage: StorageType;
  readonly extents: readonly Expr[];
}
export interface TorchParam {
  readonly param: IrParam;
  readonly id: string;
}
export interface TorchOperator {
  readonly kernel: IrKernel;
  /** As legalised for CUDA: what the launcher takes. */
  readonly program: Program;
  readonly id: string;
  readonly inputs: readonly TorchTensor[];
  readonly outputs: readonly TorchTensor[];
  /** Sizes that no input fixes. */
  readonly given: readonly { readonly size: string; readonly id: string }[];
  readonly params: readonly TorchParam[];
  readonly formula: Formula;
}

/** @throws UserError E0660, E0661 for kernels that PyTorch cannot have */
export function torchOperator(kernel: IrKernel, program: Program): TorchOperator {
  const formula = eagerFormula(kernel);
  const extents = new Map(kernel.axes.map((a) => [a.name, simplify(a.extent)]));
  return {
    kernel,
    program,
    id: pythonIdentifier(kernel.name),
    inputs: kernel.tensors.map((t) => ({
      name: t.name,
      id: formula.names('tensor', t.name),
      storage: t.storage,
      extents: t.dims.map((d) => simplify(d.extent)),
    })),
    outputs: kernel.outputs.map((o) => ({
      name: o.name,
      id: pythonIdentifier(o.name),
      storage: o.storage,
      extents: o.indices.map((a) => extents.get(a)!),
    })),
    given: formula.sizes.given.map((size) => ({ size, id: formula.names('size', size) })),
    params: kernel.params.map((param) => ({ param, id: formula.names('param', param.name) })),
    formula,
  };
}

const SCHEMA_TYPE: Readonly<Record<ScalarType, string>> = {
  f32: 'float',
  i32: 'int',
  u32: 'int',
  bool: 'bool',
};

/** The operator's schema: tensors, sizes that no tensor fixes, params. Defaults are given by the Python function. */
export function schemaOf(o: TorchOperator): string {
  const args = [
    ...o.inputs.map((t) => `Tensor ${t.id}`),
    ...o.given.map((s) => `int ${s.id}`),
    ...o.params.map(({ param, id }) => `${SCHEMA_TYPE[param.type]} ${id}`),
  ];
  const results = o.outputs.map(() => 'Tensor').join(', ');
  return `${o.id}(${args.join(', ')}) -> ${o.outputs.length === 1 ? results : `(${results})`}`;
}

/** Storage types as PyTorch calls them, in Python and in C++. */
export const TORCH_DTYPE: Readonly<Record<StorageType, readonly [python: string, cpp: string]>> = {
  f32: ['float32', 'at::kFloat'],
  f16: ['float16', 'at::kHalf'],
  bf16: ['bfloat16', 'at::kBFloat16'],
  e4m3: ['float8_e4m3fn', 'at::kFloat8_e4m3fn'],
  e5m2: ['float8_e5m2', 'at::kFloat8_e5m2'],
  i32: ['int32', 'at::kInt'],
  i8: ['int8', 'at::kChar'],
  u32: ['uint32', 'at::kUInt32'],
  u8: ['uint8', 'at::kByte'],
  bool: ['bool', 'at::kBool'],
};

export const shapeText = (t: TorchTensor): string => `[${t.extents.map((e) => printExpr(e)).join(', ')}]`;
