/** A readable, deterministic text for kernels: what `--emit kernel` shows and pass tests compare. */
import { printExpr } from '../expr/print.ts';
import type { Fragment, Kernel, Launch, Program, ProgramTensor, Stmt } from './kernel.ts';
import { printMatrix } from './subgroup-matrix.ts';
import { printWarpgroup } from './warpgroup.ts';

const printFragment = (f: Fragment): string =>
  `${f.array}[${printExpr(f.offset)}; ${f.rowStride}, ${f.colStride}]`;

function lines(stmts: readonly Stmt[], indent: string): string[] {
  return stmts.flatMap((s) => stmtLines(s, indent));
}

function stmtLines(s: Stmt, indent: string): string[] {
  const one = (text: string): string[] => [indent + text];
  switch (s.kind) {
    case 'let':
    case 'var':
      return one(`${s.kind} ${s.name}: ${s.value.type} = ${printExpr(s.value)}`);
    case 'assign':
      return one(`${s.name} = ${printExpr(s.value)}`);
    case 'array':
      return one(`array ${s.name}: ${s.type}[${s.length}]`);
    case 'store':
      return one(`${s.name}[${printExpr(s.index)}] = ${printExpr(s.value)}`);
    case 'for': {
      const step = s.step.kind === 'const' && s.step.value === 1 ? '' : ` step ${printExpr(s.step)}`;
      const head = `for ${s.name} in ${printExpr(s.from)}..${printExpr(s.to)}${step}${s.unroll === true ? ' unroll' : typeof s.unroll === 'number' ? ` unroll ${s.unroll}` : ''} {`;
      return [indent + head, ...lines(s.body, `${indent}  `), `${indent}}`];
    }
    case 'if': {
      const then = [`${indent}if ${printExpr(s.cond)} {`, ...lines(s.then, `${indent}  `)];
      if (!s.else) return [...then, `${indent}}`];
      return [...then, `${indent}} else {`, ...lines(s.else, `${indent}  `), `${indent}}`];
    }
    case 'barrier':
      return one('barrier');
    case 'contract':
      return one(
        `contract ${s.rows}x${s.cols}x${s.depth} ${printFragment(s.acc)} += ${printFragment(s.a)} * ${printFragment(s.b)}`,
      );
    case 'mma':
      return one(
        `mma.${s.storage} ${s.d}[${printExpr(s.dOffset)}] += ${s.a}[${printExpr(s.aOffset)}] * ${s.b}[${printExpr(s.bOffset)}]`,
      );
    case 'ldmatrix':
      return one(
        `ldmatrix${s.transpose ? '.trans' : ''} ${s.into}[${printExpr(s.intoOffset)}] = ${s.shared}[${printExpr(s.index)}]`,
      );
    case 'shuffle':
      return one(`let ${s.name}: ${s.value.type} = shuffle_xor(${printExpr(s.value)}, ${s.xor})`);
    case 'broadcast':
      return one(
        `let ${s.name}: ${s.value.type} = broadcast(${printExpr(s.value)}, from ${printExpr(s.lane)})`,
      );
    case 'vote':
      return one(`let ${s.name}: bool = any_lane(${printExpr(s.value)})`);
    case 'some':
      return one(`let ${s.name}: bool = some_lane(${printExpr(s.value)})`);
    case 'stores':
      return one(
        `${s.name}[${printExpr(s.index)}; ${s.values.length}] = ${s.values.map(printExpr).join(', ')}`,
      );
    case 'loads':
      return one(`let ${s.names.join(', ')} = ${s.array}[4 * (${printExpr(s.piece)}); 4]`);
    case 'word':
      return one(`let ${s.name} = word ${s.buffer}[${printExpr(s.from)}]`);
    case 'words':
      return one(`words ${s.into}[${printExpr(s.intoOffset)}] = ${s.buffer}[${printExpr(s.from)}; 2]`);
    case 'copy':
      return one(`copy ${s.shared}[${printExpr(s.index)}] = ${s.buffer}[${printExpr(s.from)}]`);
    case 'commit':
      return one('commit');
    case 'await':
      return one(`await ${s.pending}`);
    case 'warpgroup':
      return one(printWarpgroup(s.op));
    case 'matrix':
      return one(printMatrix(s.op));
    case 'comment':
      return s.text.split('\n').map((t) => `${indent}// ${t}`.trimEnd());
  }
}

/** Prints statements, one per line, with two spaces of indentation per level. */
export function printStmts(stmts: readonly Stmt[], indent = ''): string {
  return lines(stmts, indent)
    .map((l) => `${l}\n`)
    .join('');
}

/** Prints one kernel; ends with a newline. */
export function printKernel(k: Kernel): string {
  const head = [
    ...(k.doc ? k.doc.split('\n').map((t) => `// ${t}`.trimEnd()) : []),
    `kernel ${k.name} lanes ${k.lanes} grid ${printExpr(k.grid)} {`,
    ...k.uniforms.map((u) => `  uniform ${u.name}: ${u.type}`),
    ...k.buffers.map((b) => `  buffer ${b.name}: ${b.storage}[${printExpr(b.elements)}] ${b.access}`),
    ...k.shared.map(
      (s) =>
        `  shared ${s.name}: ${s.storage}[${s.length}]${s.alignment ? ` aligned to ${s.alignment}` : ''}`,
    ),
    ...(k.maps ?? []).map(
      (m) =>
        `  map ${m.name} of ${m.tensor}[${m.extents.map(printExpr).join(', ')}] in boxes ${m.box.join(' x ')}`,
    ),
  ];
  return [...head, ...lines(k.body, '  '), '}', ''].join('\n');
}

const tensorLine = (role: string, t: ProgramTensor): string =>
  `${role} ${t.name}: ${t.storage}[${t.shape.map(printExpr).join(', ')}]`;

const launchLine = ({ name, kernel, tensors }: Launch): string => {
  const bound = Object.entries(tensors).map(([buffer, tensor]) => `${buffer} = ${tensor}`);
  return `launch ${name}: ${kernel}(${bound.join(', ')})`;
};

/** Prints a whole program: tensors, launches where kernels have several, then kernels in the order of their first launch. */
export function printProgram(p: Program): string {
  const head = [
    `program ${p.name}`,
    ...Object.entries(p.fixed).map(([name, value]) => `fixed ${name} = ${value}`),
    ...p.uniforms.map((u) => `uniform ${u.name}: ${u.type}`),
    ...p.inputs.map((t) => tensorLine('in', t)),
    ...p.outputs.map((t) => tensorLine('out', t)),
    ...p.workspace.map((t) => tensorLine('workspace', t)),
    ...(p.launches ?? []).map(launchLine),
  ];
  return [head.join('\n') + '\n', ...p.kernels.map(printKernel)].join('\n');
}
