/** Pass `lower-contract`: a contraction on a lane's own rows becomes multiply-adds. */
import { i32, op, read, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { forS, letS, store } from '../build.ts';
import type { Fragment, Kernel, Stmt } from '../kernel.ts';

type Contract = Extract<Stmt, { kind: 'contract' }>;

const at = (f: Fragment, row: Expr, col: Expr): Expr =>
  simplify(
    op(
      'add',
      f.offset,
      simplify(op('add', simplify(op('mul', row, i32(f.rowStride))), simplify(op('mul', col, i32(f.colStride))))),
    ),
  );

/** Walks the depth once; an element of `b` is read once for all rows of the lane. */
function multiplyAdds(s: Contract, n: number): Stmt {
  const [k, c] = [`k${n}`, `n${n}`];
  const rows = Array.from({ length: s.rows }, (_, r) => r);
  const left = (r: number): string => `a${n}_${r}`;
  const right = `b${n}`;
  return forS(k, { to: i32(s.depth) }, [
    ...rows.map((r) => letS(left(r), read(s.a.array, [at(s.a, i32(r), variable(k))]))),
    forS(c, { to: i32(s.cols), unroll: true }, [
      letS(right, read(s.b.array, [at(s.b, variable(c), variable(k))])),
      ...rows.map((r) => {
        const i = at(s.acc, i32(r), variable(c));
        const sum = op('fma', variable(left(r), 'f32'), variable(right, 'f32'), read(s.acc.array, [i]));
        return store(s.acc.array, i, sum);
      }),
    ]),
  ]);
}

export function lowerContract(k: Kernel): Kernel {
  let n = 0;
  const go = (s: Stmt): Stmt => {
    if (s.kind === 'contract') return multiplyAdds(s, n++);
    if (s.kind === 'for') return { ...s, body: s.body.map(go) };
    if (s.kind === 'if') return { ...s, then: s.then.map(go), ...(s.else ? { else: s.else.map(go) } : {}) };
    return s;
  };
  return { ...k, body: k.body.map(go) };
}
