/** Prints statements of the Kernel IR as CUDA C++. */
import { CompilerBug } from '../../src/diagnostics/diagnostic.ts';
import { key, read, variable, visit, type Expr } from '../../src/expr/expr.ts';
import type { OpName } from '../../src/expr/ops.ts';
import { STORAGE } from '../../src/expr/types.ts';
import type { Stmt } from '../../src/kernel/kernel.ts';
import { assignedNames } from '../../src/kernel/walk.ts';
import { NARROW, LEVEL, SCALAR_NAME } from './dialect.ts';
import { printExpr, printStored, type Scope } from './expression.ts';
import { mmaHelper } from './matrix-helpers.ts';
import { printWarpgroupOp } from './warpgroup.ts';
import { wrapLine } from './wrap.ts';

const ALL_LANES = '0xffffffffu';

/** Lines of a block, indented by `indent`. */
export function printBlock(body: readonly Stmt[], scope: Scope, indent: string): string[] {
  return body.flatMap((s) => printStmt(s, scope, indent));
}

function printStmt(s: Stmt, scope: Scope, indent: string): string[] {
  const text = (e: Expr) => printExpr(e, scope);
  const line = (content: string) => [wrapLine(content, indent)];
  switch (s.kind) {
    case 'let':
    case 'var':
      return line(
        `${s.kind === 'let' ? 'const ' : ''}${SCALAR_NAME[s.value.type]} ${scope.name(s.name)} = ${text(s.value)};`,
      );
    case 'assign':
      return line(`${scope.name(s.name)} ${update(variable(s.name, s.value.type), s.value, scope)};`);
    case 'array':
      return line(`${SCALAR_NAME[s.type]} ${scope.name(s.name)}[${s.length}] = {};`);
    case 'store': {
      const storage = scope.storage.get(s.name);
      const target = read(s.name, [s.index], s.value.type);
      const rounds = storage !== undefined && NARROW[storage] !== undefined;
      const change = rounds ? `= ${printStored(s.value, storage, scope)}` : update(target, s.value, scope);
      return line(`${scope.name(s.name)}[${text(s.index)}] ${change};`);
    }
    case 'for':
      return printFor(s, scope, indent);
    case 'if':
      return [
        ...line(`if (${text(s.cond)}) {`),
        ...printBlock(s.then, scope, `${indent}  `),
        ...(s.else && s.else.length > 0
          ? [`${indent}} else {`, ...printBlock(s.else, scope, `${indent}  `)]
          : []),
        `${indent}}`,
      ];
    case 'barrier':
      return line('__syncthreads();');
    case 'mma': {
      const operands = [at(s.d, s.dOffset, scope), at(s.a, s.aOffset, scope), at(s.b, s.bOffset, scope)];
      return line(`attn::${mmaHelper(s.storage)}(${operands.join(', ')});`);
    }
    case 'ldmatrix': {
      const helper = `attn::ldmatrix_x4${s.transpose ? '_trans' : ''}`;
      return line(`${helper}(${at(s.into, s.intoOffset, scope)}, ${at(s.shared, s.index, scope)});`);
    }
    case 'shuffle': {
      const name = scope.name(s.name);
      if (s.value.type === 'bool') {
        const vote = `__shfl_xor_sync(${ALL_LANES}, int(${text(s.value)}), ${s.xor})`;
        return line(`const bool ${name} = ${vote} != 0;`);
      }
      const value = `__shfl_xor_sync(${ALL_LANES}, ${text(s.value)}, ${s.xor})`;
      return line(`const ${SCALAR_NAME[s.value.type]} ${name} = ${value};`);
    }
    case 'broadcast': {
      const value = `__shfl_sync(${ALL_LANES}, ${text(s.value)}, ${text(s.lane)})`;
      return line(`const ${SCALAR_NAME[s.value.type]} ${scope.name(s.name)} = ${value};`);
    }
    case 'vote':
      return line(`const bool ${scope.name(s.name)} = __any_sync(${ALL_LANES}, ${text(s.value)}) != 0;`);
    case 'some':
      return line(`const bool ${scope.name(s.name)} = __syncthreads_or(${text(s.value)}) != 0;`);
    case 'stores': {
      const storage = scope.storage.get(s.name)!;
      const word = `attn::pack_${storage}(${s.values.map(text).join(', ')})`;
      return line(`attn::store_word(${at(s.name, s.index, scope)}, ${word});`);
    }
    case 'word':
      return line(`const unsigned ${scope.name(s.name)} = ${word(s.buffer, s.from, scope)};`);
    case 'words':
      return line(`${scope.name(s.into)}[${text(s.intoOffset)}] = ${word(s.buffer, s.from, scope)};`);
    case 'copy':
      return line(`attn::copy_16(${at(s.shared, s.index, scope)}, ${at(s.buffer, s.from, scope)});`);
    case 'commit':
      return line('attn::copy_commit();');
    case 'await':
      return line(`attn::copy_wait<${s.pending}>();`);
    case 'warpgroup':
      return printWarpgroupOp(s.op, {
        name: (n) => scope.name(n),
        text,
        at: (array, offset) => at(array, offset, scope),
        local: (array) => scope.locals.get(array)!,
      }).flatMap(line);
    case 'matrix':
      throw new CompilerBug('cuda', 'matrices of subgroups are not lowered');
    case 'comment':
      // A backslash at the end of a line would make the next line part of the comment.
      return s.text.split('\n').map((part) => `${indent}// ${part.replace(/[\\\s]+$/, '')}`.trimEnd());
    case 'loads':
      throw new CompilerBug('cuda print', 'elements are loaded four at a time');
    case 'contract':
      throw new CompilerBug('cuda print', 'a contraction was not lowered');
  }
}

const COMPOUND: Readonly<Partial<Record<OpName, string>>> = { add: '+=', sub: '-=', mul: '*=' };

/** `+= b` where the new value of `target` is `target + b`, else `= value`. */
function update(target: Expr, value: Expr, scope: Scope): string {
  const compound = value.kind === 'op' ? COMPOUND[value.op] : undefined;
  if (value.kind === 'op' && compound && key(value.args[0]!) === key(target))
    return `${compound} ${printExpr(value.args[1]!, scope)}`;
  return `= ${printExpr(value, scope)}`;
}

/** Neighbouring elements of a buffer. */
function word(buffer: string, from: Expr, scope: Scope): string {
  const bytes = STORAGE[scope.storage.get(buffer)!].bytes;
  return `attn::load_${bytes === 1 ? 'bytes' : 'word'}(${at(buffer, from, scope)})`;
}

/** Address of element `offset` of an array. */
function at(array: string, offset: Expr, scope: Scope): string {
  if (offset.kind === 'const' && offset.value === 0) return scope.name(array);
  return `&${scope.name(array)}[${printExpr(offset, scope)}]`;
}

function printFor(s: Stmt & { readonly kind: 'for' }, scope: Scope, indent: string): string[] {
  const name = scope.name(s.name);
  const start = [`${name} = ${printExpr(s.from, scope)}`];
  let to = printExpr(s.to, scope, LEVEL.relation + 1);
  if (changesIn(s.to, s.body)) {
    const bound = scope.name(`${s.name} end`);
    start.push(`${bound} = ${to}`);
    to = bound;
  }
  const one = s.step.kind === 'const' && s.step.value === 1;
  const advance = one ? `++${name}` : `${name} += ${printExpr(s.step, scope)}`;
  return [
    ...(s.unroll === true ? [`${indent}#pragma unroll`] : []),
    ...(s.unroll === 'never' ? [`${indent}#pragma unroll 1`] : []),
    ...(typeof s.unroll === 'number' ? [`${indent}#pragma unroll ${s.unroll}`] : []),
    wrapLine(`for (${SCALAR_NAME[s.from.type]} ${start.join(', ')}; ${name} < ${to}; ${advance}) {`, indent),
    ...(s.anew !== undefined ? [`${indent}  attn::anew<${s.anew}>(${scope.name('lane')});`] : []),
    ...printBlock(s.body, scope, `${indent}  `),
    `${indent}}`,
  ];
}

/** Whether a bound could have another value after a run of the body: C++ would compute it again each time. */
function changesIn(bound: Expr, body: readonly Stmt[]): boolean {
  const assigned = assignedNames(body);
  let changes = false;
  visit(bound, (e) => {
    if ((e.kind === 'read' || e.kind === 'var') && assigned.has(e.name)) changes = true;
  });
  return changes;
}
