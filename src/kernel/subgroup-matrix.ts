/**
 * Matrices that the lanes of a subgroup hold together. Which lane holds which element is not known: a matrix is loaded from memory,
 * multiplied, and saved to memory, always as a whole and by all lanes of a subgroup at once.
 */
import type { Expr } from '../expr/expr.ts';
import type { UnitType } from '../expr/matrix-unit.ts';
import { printExpr } from '../expr/print.ts';

export interface MatrixType {
  /** The left or the right side of a product, or what products are added to. */
  readonly role: 'left' | 'right' | 'result';
  readonly component: UnitType;
  readonly rows: number;
  readonly cols: number;
}

/** Element (r, c) lies at `at` + r · `stride` + c, or where the matrix is `transposed` at `at` + c · `stride` + r. */
interface Place {
  /** A shared array whose storage is the component. */
  readonly array: string;
  /** Flat element index, the same for all lanes of a subgroup; i32. */
  readonly at: Expr;
  readonly stride: number;
  readonly transposed: boolean;
}

export type MatrixOp =
  /** Declares a matrix of zeros. */
  | { readonly op: 'zero'; readonly name: string; readonly type: MatrixType }
  /** Declares a matrix with elements of a shared array. */
  | ({ readonly op: 'load'; readonly name: string; readonly type: MatrixType } & Place)
  /** `to` += left · right, all of them matrices. */
  | { readonly op: 'multiply'; readonly to: string; readonly left: string; readonly right: string }
  /** Writes a matrix of results to a shared array. */
  | ({ readonly op: 'save'; readonly name: string } & Place);

export const matrixExprs = (o: MatrixOp): readonly Expr[] => ('at' in o ? [o.at] : []);

export const mapMatrixExprs = (o: MatrixOp, f: (e: Expr) => Expr): MatrixOp =>
  'at' in o ? { ...o, at: f(o.at) } : o;

export function renameMatrixOp(o: MatrixOp, to: (name: string) => string): MatrixOp {
  switch (o.op) {
    case 'zero':
      return { ...o, name: to(o.name) };
    case 'load':
    case 'save':
      return { ...o, name: to(o.name), array: to(o.array) };
    case 'multiply':
      return { ...o, to: to(o.to), left: to(o.left), right: to(o.right) };
  }
}

const printPlace = (p: Place): string =>
  `${p.array}[${printExpr(p.at)}; ${p.transposed ? `1, ${p.stride}` : `${p.stride}, 1`}]`;
const printType = ({ role, component, rows, cols }: MatrixType): string =>
  `${role} ${component} ${rows}x${cols}`;

export function printMatrix(o: MatrixOp): string {
  switch (o.op) {
    case 'zero':
      return `matrix ${o.name}: ${printType(o.type)}`;
    case 'load':
      return `matrix ${o.name}: ${printType(o.type)} = ${printPlace(o)}`;
    case 'multiply':
      return `matrix ${o.to} += ${o.left} * ${o.right}`;
    case 'save':
      return `matrix ${printPlace(o)} = ${o.name}`;
  }
}

interface Array {
  readonly storage: string;
  readonly length: number;
}

/**
 * What is wrong with an operation, or undefined.
 * @param type of a matrix in scope
 * @param shared a shared array
 */
export function checkMatrix(
  o: MatrixOp,
  type: (name: string) => MatrixType | undefined,
  shared: (name: string) => Array | undefined,
): string | undefined {
  const placed = (p: Place, t: MatrixType): string | undefined => {
    const a = shared(p.array);
    if (a?.storage !== t.component) return `${p.array} is no shared array of ${t.component}`;
    if (p.at.type !== 'i32') return `the index of ${p.array} is ${p.at.type}`;
    const [lines, length] = p.transposed ? [t.cols, t.rows] : [t.rows, t.cols];
    if (p.stride < length) return `rows of ${length} elements are ${p.stride} apart`;
    return (lines - 1) * p.stride + length > a.length ? `${p.array} is too short for a matrix` : undefined;
  };
  switch (o.op) {
    case 'zero':
      return o.type.role === 'result' ? undefined : `a ${o.type.role} matrix of zeros`;
    case 'load':
      return placed(o, o.type);
    case 'save': {
      const t = type(o.name);
      return t?.role === 'result' ? placed(o, t) : `${o.name} is no matrix of results`;
    }
    case 'multiply': {
      const [to, left, right] = [o.to, o.left, o.right].map(type);
      if (to?.role !== 'result' || left?.role !== 'left' || right?.role !== 'right')
        return `a product of ${o.left} and ${o.right} for ${o.to}`;
      const fits = left.cols === right.rows && to.rows === left.rows && to.cols === right.cols;
      return fits && left.component === right.component ? undefined : 'a product of shapes that do not fit';
    }
  }
}
