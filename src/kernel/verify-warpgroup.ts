/** The rules of warpgroup statements. */
import { STORAGE, type ScalarType } from '../expr/types.ts';
import type { Kernel, TensorMap } from './kernel.ts';
import { isRegisters, sharedArrays, warpgroupExprs, type WarpgroupOp } from './warpgroup.ts';

const WARPGROUP = 128;
/** Bytes after which a 128-byte swizzle repeats (PTX ISA, "Swizzling modes"). */
export const SWIZZLE_REPEAT = 1024;
/** Dimensions of a tensor map, and elements of a box along one (CUDA driver API, cuTensorMapEncodeTiled). */
const MOST_DIMENSIONS = 5;
const LONGEST_BOX = 256;

interface LocalArray {
  readonly type: ScalarType;
  readonly length: number;
}

/** What is wrong with a statement, if anything. `local` finds arrays of the lane that are in scope. */
export function checkWarpgroup(
  op: WarpgroupOp,
  k: Kernel,
  local: (name: string) => LocalArray | undefined,
): string | undefined {
  if (k.lanes % WARPGROUP !== 0) return `${op.op} needs whole warpgroups`;
  if (warpgroupExprs(op).some((e) => e.type !== 'i32')) return `${op.op} takes integers`;
  for (const name of sharedArrays(op)) {
    const array = k.shared.find((s) => s.name === name);
    if (!array) return `${op.op} uses ${name}, which is no shared array`;
    const isBarriers = 'barriers' in op && name === op.barriers;
    if (isBarriers && array.storage !== 'u32') return `barriers in ${name}, which holds ${array.storage}`;
    if (!isBarriers && STORAGE[array.storage].bytes !== 2) return `${name} holds no 16-bit elements`;
    if (!isBarriers && (array.alignment ?? 0) % SWIZZLE_REPEAT !== 0)
      return `${name} is not aligned for a swizzle`;
  }
  switch (op.op) {
    case 'load':
      return checkLoad(op, k);
    case 'product': {
      if (op.n % 8 !== 0 || op.n < 8 || op.n > 256) return `a product with ${op.n} columns`;
      const d = local(op.d);
      if (d?.type !== 'f32' || d.length !== op.n / 2) return `${op.d} does not hold the sums of a product`;
      if (isRegisters(op.a) && local(op.a.fragment)?.type !== 'u32') return `${op.a.fragment} is no fragment`;
      return undefined;
    }
    case 'registers':
      return op.count % 8 === 0 && op.count >= 24 && op.count <= 256 ? undefined : `${op.count} registers`;
    case 'fence':
      return op.arrays.every(local) ? undefined : 'fence of what is no array of the lane';
    case 'finish':
      return op.arrays.every((a) => local(a)?.type === 'f32') ? undefined : 'finish of what is no sum';
    case 'init':
    case 'fence-init':
    case 'arrive':
    case 'wait':
    case 'commit':
      return undefined;
  }
}

function checkLoad(op: Extract<WarpgroupOp, { op: 'load' }>, k: Kernel): string | undefined {
  const map = k.maps?.find((m) => m.name === op.map);
  if (!map) return `load through ${op.map}, which is no tensor map`;
  if (op.at.length !== map.extents.length) return `${op.at.length} coordinates for ${op.map}`;
  return checkMap(map);
}

function checkMap(m: TensorMap): string | undefined {
  const rank = m.extents.length;
  if (rank < 1 || rank > MOST_DIMENSIONS || m.box.length !== rank) return `${m.name} has ${rank} dimensions`;
  if (m.box[0] !== 64) return `lines of ${m.name} have ${m.box[0]} elements`;
  if (m.box.some((n) => n < 1 || n > LONGEST_BOX)) return `a box of ${m.name} is too large`;
  return undefined;
}
