/** Meaning of matrices of subgroups. The first lane of a subgroup keeps a matrix as a whole, row after row. */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import { STORE_ROUND } from '../rounding.ts';
import type { MatrixOp, MatrixType } from '../subgroup-matrix.ts';
import { compileExpr } from './expression.ts';
import { Stop } from './report.ts';
import type { Lane, StatementPlaces } from './places.ts';

/** Sums of exact products are rounded once, as the unit's own order of additions is not known. */
export function compileMatrix(o: MatrixOp, places: StatementPlaces): (group: readonly Lane[]) => void {
  const typeOf = (name: string): MatrixType => {
    const t = places.matrices.get(name);
    if (!t) throw new CompilerBug('kernel interpreter', `${name} is no matrix`);
    return t;
  };
  const declared = (name: string, t: MatrixType): number => {
    places.matrices.set(name, t);
    return places.declareLocal(name, t.rows * t.cols);
  };
  const memoryOf = (name: string) => {
    const memory = places.memory(name);
    if (!memory) throw new CompilerBug('kernel interpreter', `${name} is not declared`);
    return memory;
  };
  switch (o.op) {
    case 'zero': {
      const local = declared(o.name, o.type);
      return (group) => void group[0]!.arrays[local]!.fill(0);
    }
    case 'load':
    case 'save': {
      const t = o.op === 'load' ? o.type : typeOf(o.name);
      const local = o.op === 'load' ? declared(o.name, t) : places.local(o.name)!;
      const memory = memoryOf(o.array);
      const at = compileExpr(o.at, places);
      return (group) => {
        const first = at(group[0]!);
        if (group.some((l) => at(l) !== first)) {
          places.report.add(
            'divergence',
            `lanes of a subgroup take matrices at several places of ${o.array}`,
          );
          throw new Stop();
        }
        const values = group[0]!.arrays[local]!;
        for (let r = 0; r < t.rows; r++)
          for (let c = 0; c < t.cols; c++) {
            const n = r * t.cols + c;
            const index = first + (o.transposed ? c * o.stride + r : r * o.stride + c);
            // Any lane may be the one that has the element.
            const lane = group[n % group.length]!.number;
            if (o.op === 'load') values[n] = memory.load(index, lane);
            else memory.save(index, values[n]!, lane);
          }
      };
    }
    case 'multiply': {
      const [to, left, right] = [o.to, o.left, o.right].map(typeOf) as [MatrixType, MatrixType, MatrixType];
      const [d, a, b] = [o.to, o.left, o.right].map((n) => places.local(n)!) as [number, number, number];
      const round = STORE_ROUND[to.component];
      return (group) => {
        const [sums, x, y] = [d, a, b].map((n) => group[0]!.arrays[n]!) as [
          Float64Array,
          Float64Array,
          Float64Array,
        ];
        for (let r = 0; r < to.rows; r++)
          for (let c = 0; c < to.cols; c++) {
            let sum = sums[r * to.cols + c]!;
            for (let k = 0; k < left.cols; k++) sum += x[r * left.cols + k]! * y[k * right.cols + c]!;
            sums[r * to.cols + c] = round(sum);
          }
      };
    }
  }
}
