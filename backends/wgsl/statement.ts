/** Statements of one kernel as WGSL lines. */
import { CompilerBug } from '../../src/diagnostics/diagnostic.ts';
import { dividedBy } from '../../src/expr/divide.ts';
import type { Expr } from '../../src/expr/expr.ts';
import { STORAGE } from '../../src/expr/types.ts';
import type { Stmt } from '../../src/kernel/kernel.ts';
import type { ExpressionPrinter, Place } from './expression.ts';
import type { ModuleContext, ModuleTensor } from './module.ts';
import { wordText } from './storage.ts';
import { printMatrixOp } from './subgroup-matrix.ts';
import { loadsOf, storesTo } from './vectors.ts';

export interface StatementScope {
  readonly module: ModuleContext;
  readonly expressions: ExpressionPrinter;
  place(name: string): Place | undefined;
  /** Declares a local name and gives its text. */
  declare(name: string): string;
  /** Declares names for the elements of one vector, and gives the vector's text. */
  declareVector(names: readonly string[]): string;
  /** A buffer of the kernel. */
  tensor(name: string): ModuleTensor | undefined;
  /** The lines that synchronise the workgroup. */
  readonly barrier: readonly string[];
}

export function printBlock(stmts: readonly Stmt[], scope: StatementScope, indent: string): string[] {
  return stmts.flatMap((s) => printStmt(s, scope, indent));
}

function printStmt(s: Stmt, scope: StatementScope, indent: string): string[] {
  const { expressions } = scope;
  const inner = `${indent}  `;
  switch (s.kind) {
    case 'let':
    case 'var': {
      const value = expressions.text(s.value);
      return [`${indent}${s.kind} ${scope.declare(s.name)} = ${value};`];
    }
    case 'array':
      // The value is written out: inside loops Tint zeroes a bare declaration on the first turn only.
      return [`${indent}var ${scope.declare(s.name)} = array<${s.type}, ${s.length}>();`];
    case 'assign':
      return [
        `${indent}${update(scope.place(s.name)?.text ?? s.name, s.name, undefined, s.value, expressions)}`,
      ];
    case 'store':
      return [indent + printStore(s, scope)];
    case 'for': {
      const [from, to, step] = [s.from, s.to, s.step].map((e) => expressions.text(e));
      const name = scope.declare(s.name);
      const next = step === '1' ? `${name}++` : `${name} += ${step}`;
      const head = `for (var ${name} = ${from}; ${name} < ${to}; ${next}) {`;
      return [indent + head, ...printBlock(s.body, scope, inner), `${indent}}`];
    }
    case 'if': {
      const then = [`${indent}if ${expressions.condition(s.cond)} {`, ...printBlock(s.then, scope, inner)];
      if (!s.else) return [...then, `${indent}}`];
      return [...then, ...printElse(s.else, scope, indent)];
    }
    case 'broadcast': {
      const [value, lane] = [s.value, s.lane].map((e) => expressions.text(e));
      return [`${indent}let ${scope.declare(s.name)} = subgroupShuffle(${value}, u32(${lane}));`];
    }
    case 'some': {
      const { some, found } = scope.module.together();
      const lane = scope.place('lane')!.text;
      return [
        `if ${expressions.condition(s.value)} {`,
        `  atomicStore(&${some}, 1u);`,
        '}',
        'workgroupBarrier();',
        `if ${lane} == 0 {`,
        // The next question begins anew.
        `  ${found} = atomicExchange(&${some}, 0u);`,
        '}',
        `let ${scope.declare(s.name)} = workgroupUniformLoad(&${found}) != 0u;`,
      ].map((l) => indent + l);
    }
    case 'barrier':
      return scope.barrier.map((l) => indent + l);
    case 'comment':
      return s.text.split('\n').map((t) => `${indent}// ${t}`.trimEnd());
    case 'loads':
      // The piece is evaluated before the names exist.
      return [loadsOf(s, scope)].map((value) => `${indent}let ${scope.declareVector(s.names)} = ${value};`);
    case 'stores':
      return [indent + storesTo(s, scope)];
    case 'matrix':
      return printMatrixOp(s.op, scope).map((l) => indent + l);
    case 'shuffle': {
      const value = expressions.text(s.value);
      const [from, to] = s.value.type === 'bool' ? [`u32(${value})`, ' != 0u'] : [value, ''];
      return [`${indent}let ${scope.declare(s.name)} = subgroupShuffleXor(${from}, ${s.xor}u)${to};`];
    }
    case 'word':
      return [wordOf(s, scope)].map((value) => `${indent}let ${scope.declare(s.name)} = ${value};`);
    case 'contract':
    case 'words':
    case 'mma':
    case 'ldmatrix':
    case 'vote':
    case 'copy':
    case 'commit':
    case 'await':
    case 'warpgroup':
      throw new CompilerBug('wgsl', `${s.kind} is not lowered`);
  }
}

/** A word of a buffer whose elements lie in words. */
function wordOf(s: Extract<Stmt, { kind: 'word' }>, scope: StatementScope): string {
  const tensor = scope.tensor(s.buffer);
  if (tensor?.form !== 'packed') throw new CompilerBug('wgsl', `${s.buffer} is not in words`);
  const place = dividedBy(s.from, 4 / STORAGE[tensor.storage].bytes);
  return wordText(tensor, tensor.variable, scope.expressions.text(place));
}

function printElse(body: readonly Stmt[], scope: StatementScope, indent: string): string[] {
  const [only] = body;
  if (body.length === 1 && only?.kind === 'if') {
    const [head, ...rest] = printStmt(only, scope, indent);
    return [`${indent}} else ${head!.trimStart()}`, ...rest];
  }
  return [`${indent}} else {`, ...printBlock(body, scope, `${indent}  `), `${indent}}`];
}

function printStore(s: Extract<Stmt, { kind: 'store' }>, scope: StatementScope): string {
  const { expressions, module } = scope;
  const local = scope.place(s.name);
  const index = expressions.text(s.index);
  if (local) {
    const target = `${local.text}[${index}]`;
    if (local.kind === 'shared' && local.half) return `${target} = f16(${expressions.text(s.value)});`;
    return update(target, s.name, index, s.value, expressions);
  }
  const tensor = module.tensors.get(s.name);
  if (!tensor) throw new CompilerBug('wgsl', `${s.name} is not declared`);
  switch (tensor.form) {
    case 'plain': {
      const target = `${tensor.variable}[${index}]`;
      if (tensor.storage === 'f16') return `${target} = f16(${expressions.text(s.value)});`;
      return update(target, s.name, index, s.value, expressions);
    }
    case 'bits':
      return `${tensor.variable}[${index}] = ${module.helper('bits_with_inf')}(${expressions.text(s.value)});`;
    case 'packed':
      return `${module.storer(tensor)}(${expressions.index(s.index)}, ${expressions.text(s.value)});`;
  }
}

const COMPOUND: Readonly<Record<string, string>> = { add: '+', sub: '-', mul: '*', div: '/' };

/** `target = value;`, as `target += …;` where the value starts from the target itself. */
function update(
  target: string,
  name: string,
  index: string | undefined,
  value: Expr,
  expressions: ExpressionPrinter,
): string {
  if (value.kind === 'op' && value.op in COMPOUND) {
    const [a, b] = value.args;
    const same =
      index === undefined
        ? a!.kind === 'var' && a!.name === name
        : a!.kind === 'read' && a!.name === name && expressions.text(a!.index[0]!) === index;
    if (same) return `${target} ${COMPOUND[value.op]}= ${expressions.text(b!)};`;
  }
  return `${target} = ${expressions.text(value)};`;
}
