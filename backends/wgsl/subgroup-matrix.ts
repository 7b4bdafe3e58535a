/**
 * Matrices of subgroups as WGSL: Dawn's extension `chromium_experimental_subgroup_matrix` (docs/dawn/features/subgroup_matrix.md of Dawn).
 * A type has its columns before its rows.
 */
import { CompilerBug } from '../../src/diagnostics/diagnostic.ts';
import { printUnit, type MatrixUnit } from '../../src/expr/matrix-unit.ts';
import type { Kernel, Program } from '../../src/kernel/kernel.ts';
import type { MatrixOp, MatrixType } from '../../src/kernel/subgroup-matrix.ts';
import { someStmt, visitStmts } from '../../src/kernel/walk.ts';
import type { StatementScope } from './statement.ts';

export const MATRIX_EXTENSION = 'chromium_experimental_subgroup_matrix';

const typeText = ({ role, component, rows, cols }: MatrixType): string =>
  `subgroup_matrix_${role}<${component}, ${cols}, ${rows}>`;

const major = (transposed: boolean): string => (transposed ? 'col_major' : 'row_major');

export function printMatrixOp(o: MatrixOp, scope: StatementScope): string[] {
  const { expressions } = scope;
  const name = (n: string): string => {
    const place = scope.place(n);
    if (!place) throw new CompilerBug('wgsl', `${n} is not declared`);
    return place.text;
  };
  switch (o.op) {
    case 'zero':
      return [`var ${scope.declare(o.name)} = ${typeText(o.type)}();`];
    case 'load': {
      const from = `&${name(o.array)}, u32(${expressions.text(o.at)}), ${o.stride}`;
      const call = `subgroupMatrixLoad<${typeText(o.type)}, ${major(o.transposed)}>(${from})`;
      return [`let ${scope.declare(o.name)} = ${call};`];
    }
    case 'multiply': {
      const to = name(o.to);
      return [`${to} = subgroupMatrixMultiplyAccumulate(${name(o.left)}, ${name(o.right)}, ${to});`];
    }
    case 'save': {
      const to = `&${name(o.array)}, u32(${expressions.text(o.at)}), ${name(o.name)}, ${o.stride}`;
      return [`subgroupMatrixStore<${major(o.transposed)}>(${to});`];
    }
  }
}

/** Some kernel multiplies matrices of subgroups. */
export const usesMatrices = (k: Kernel): boolean => someStmt(k.body, (s) => s.kind === 'matrix');

/** The products that a device must do, in the order of their names. */
export function unitsOf(program: Program): readonly MatrixUnit[] {
  const found = new Map<string, MatrixUnit>();
  for (const k of program.kernels) {
    const types = new Map<string, MatrixType>();
    visitStmts(k.body, (s) => {
      if (s.kind !== 'matrix') return;
      if (s.op.op === 'zero' || s.op.op === 'load') types.set(s.op.name, s.op.type);
      if (s.op.op !== 'multiply') return;
      const [left, to] = [types.get(s.op.left)!, types.get(s.op.to)!];
      const unit = { component: left.component, result: to.component, m: to.rows, n: to.cols, k: left.cols };
      found.set(printUnit(unit), unit);
    });
  }
  return [...found.keys()].sort().map((key) => found.get(key)!);
}
