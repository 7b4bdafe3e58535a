/** Brings a program into the form that the printer spells; runs last. */
import { CompilerBug } from '../../src/diagnostics/diagnostic.ts';
import { visit } from '../../src/expr/expr.ts';
import type { Kernel, Program, Stmt } from '../../src/kernel/kernel.ts';
import { stmtExprs, visitStmts } from '../../src/kernel/walk.ts';

const WARP = 32;

/** CUDA C++ spells every operation; what is left is to drop values that nothing reads, which nvcc warns about. */
export function legalize(program: Program): Program {
  return { ...program, kernels: program.kernels.map(legalKernel) };
}

function legalKernel(kernel: Kernel): Kernel {
  checkCollectives(kernel);
  let body = kernel.body;
  for (;;) {
    const read = variablesRead(body);
    const kept = keepRead(body, read);
    if (size(kept) === size(body)) return { ...kernel, body: kept };
    body = kept;
  }
}

/** Collectives name all 32 lanes of a warp, so a partial warp would wait for lanes that do not exist. */
function checkCollectives(kernel: Kernel): void {
  visitStmts(kernel.body, (s) => {
    if (s.kind === 'contract')
      throw new CompilerBug('cuda legalize', `${kernel.name} still holds a contraction`);
    const collective = ['mma', 'ldmatrix', 'shuffle', 'vote', 'broadcast', 'warpgroup'].includes(s.kind);
    if (collective && kernel.lanes % WARP !== 0)
      throw new CompilerBug(
        'cuda legalize',
        `${kernel.name}: ${s.kind} needs whole warps, not ${kernel.lanes} lanes`,
      );
  });
}

function variablesRead(body: readonly Stmt[]): ReadonlySet<string> {
  const read = new Set<string>();
  visitStmts(body, (s) => {
    for (const e of stmtExprs(s)) {
      visit(e, (node) => {
        // `x = f(x)` alone keeps nothing alive.
        if (node.kind === 'var' && !(s.kind === 'assign' && s.name === node.name)) read.add(node.name);
      });
    }
  });
  return read;
}

function keepRead(body: readonly Stmt[], read: ReadonlySet<string>): readonly Stmt[] {
  return body.flatMap((s): readonly Stmt[] => {
    switch (s.kind) {
      case 'let':
      case 'var':
      case 'assign':
      case 'shuffle':
      case 'broadcast':
      case 'vote':
      case 'word':
      case 'some':
        return read.has(s.name) ? [s] : [];
      case 'for':
        return [{ ...s, body: keepRead(s.body, read) }];
      case 'if':
        return [{ ...s, then: keepRead(s.then, read), ...(s.else ? { else: keepRead(s.else, read) } : {}) }];
      default:
        return [s];
    }
  });
}

function size(body: readonly Stmt[]): number {
  let n = 0;
  visitStmts(body, () => (n += 1));
  return n;
}
