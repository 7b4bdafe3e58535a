/** Sums of what shares a signature of signs with the target, each of unit length. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, list, matrix, plus, scaled, sum, tensor, vector, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, few, HALF } from '../select.ts';

const signature = (x: Vector, planes: Matrix): number =>
  sum(planes.map((p, t) => (dot(p, x) > 0 ? 2 ** t : 0)));

const added = (rows: Matrix, width: number): Vector =>
  rows.reduce(
    (a, row) => plus(a, row),
    list(width, () => 0),
  );

const cased = (
  kernel: string,
  variant: string,
  value: (r: Random) => number,
  valid: (j: number) => boolean,
) =>
  referenceCase({
    example: 'sdim',
    kernel,
    variant,
    ...(kernel === 'sdim_table' ? { consts: { entries: 8 } } : {}),
    fixed: { D: 8, G: 4, T: 3 },
    lengths: [1, 13, 40, 65],
    tolerance: HALF,
    sizes: (M) => ({ B: 2, M }),
    inputs: ({ sizes: { B, M, D, G, T }, values }) => ({
      q: values([B, D], value),
      s: values([B, M, D], value),
      planes: values([G, T, D], value),
      valid: values([B, M], (_, n) => (valid(n % M) ? 1 : 0)),
    }),
    reference: ({ q, s, planes, valid: given }, { B, G, T, D }) => {
      const each = list(B, (b) => b).map((b) => {
        const items = matrix(s, b).filter((_, j) => vector(given, b)[j] === 1);
        const hashes = list(G, (g) => g).map((g) => matrix(planes, g));
        const sums = hashes.map((p) => {
          const own = signature(vector(q, b), p);
          return added(
            items.filter((x) => signature(x, p) === own),
            D,
          );
        });
        const unit = sums.map((u) => (dot(u, u) > 0 ? scaled(u, dot(u, u) ** -0.5) : u));
        const table = hashes.map((p) =>
          list(2 ** T, (z) => z).map((z) =>
            added(
              items.filter((x) => signature(x, p) === z),
              D,
            ),
          ),
        );
        return { y: scaled(added(unit, D), 1 / G), table };
      });
      const y = tensor(each.map((e) => e.y));
      return kernel === 'sdim' ? { y } : { y, table: tensor(each.map((e) => e.table)) };
    },
  });

export const cases = ['sdim', 'sdim_table'].flatMap((kernel) => [
  cased(kernel, 'all items', exact, () => true),
  cased(kernel, 'signs of 0', few, (j) => j % 3 !== 0),
  cased(kernel, 'no item', exact, () => false),
]);
