/** Prints warpgroup statements of the Kernel IR as calls of helpers. */
import type { Expr } from '../../src/expr/expr.ts';
import type { ScalarType } from '../../src/expr/types.ts';
import {
  isRegisters,
  type BarrierPlace,
  type SwizzledMatrix,
  type WarpgroupOp,
} from '../../src/kernel/warpgroup.ts';

/** How names and expressions are spelled where the statement stands. */
export interface Spelling {
  name(n: string): string;
  text(e: Expr): string;
  /** Address of an element of an array. */
  at(array: string, offset: Expr): string;
  local(array: string): { readonly type: ScalarType; readonly length: number };
}

/** The statement as C++, without indentation: one line per element. */
export function printWarpgroupOp(op: WarpgroupOp, s: Spelling): string[] {
  const hold = (arrays: readonly string[]): string[] =>
    arrays.map(
      (a) => `attn::hold_${s.local(a).type === 'f32' ? '' : 'words_'}${s.local(a).length}(${s.name(a)});`,
    );
  switch (op.op) {
    case 'init':
      return [`attn::mbarrier_init(${barrier(op, s)}, ${op.arrivals});`];
    case 'fence-init':
      return ['attn::mbarrier_fence();'];
    case 'arrive':
      return [
        op.bytes > 0
          ? `attn::mbarrier_expect(${barrier(op, s)}, ${op.bytes});`
          : `attn::mbarrier_arrive(${barrier(op, s)});`,
      ];
    case 'wait':
      return [`attn::mbarrier_wait(${barrier(op, s)}, ${s.text(op.parity)});`];
    case 'load': {
      const coordinates = op.at.map((e) => s.text(e)).join(', ');
      const where = `${s.at(op.into, op.offset)}, &${s.name(op.map)}, ${barrier(op, s)}`;
      return [`attn::load_tile_${op.at.length}d(${where}, ${coordinates});`];
    }
    case 'registers':
      return [`attn::${op.change}_registers_${op.count}();`];
    case 'fence':
      // The compiler may not move accesses to the sums past the points where products own them.
      return [...hold(op.arrays), 'attn::wgmma_fence();'];
    case 'product': {
      const a = isRegisters(op.a) ? s.at(op.a.fragment, op.a.offset) : matrix(op.a, s);
      const form = `${isRegisters(op.a) ? '_reg' : ''}${op.b.transposed ? '_t' : ''}_${op.accumulate ? 'add' : 'set'}`;
      return [`attn::wgmma_m64n${op.n}k16_${op.storage}${form}(${s.name(op.d)}, ${a}, ${matrix(op.b, s)});`];
    }
    case 'commit':
      return ['attn::wgmma_commit();'];
    case 'finish':
      return [`attn::wgmma_wait_${op.pending}();`, ...hold(op.arrays)];
  }
}

function barrier(p: BarrierPlace, s: Spelling): string {
  const { index } = p;
  if (index.kind === 'const')
    return index.value === 0 ? s.name(p.barriers) : `&${s.name(p.barriers)}[${2 * index.value}]`;
  return `&${s.name(p.barriers)}[2 * (${s.text(index)})]`;
}

const matrix = (m: SwizzledMatrix, s: Spelling): string =>
  `attn::swizzled_matrix(${s.at(m.array, m.offset)}, ${m.transposed ? m.boxBytes : 16})`;
