/** What reductions over no element give. */
import type { ReduceOp } from './ops.ts';
import type { ScalarType } from './types.ts';

export function emptyValue(op: ReduceOp, type: ScalarType): number {
  const [least, greatest] =
    type === 'i32' ? [-2147483648, 2147483647] : type === 'u32' ? [0, 4294967295] : [-Infinity, Infinity];
  switch (op) {
    case 'sum':
    case 'mean':
    case 'any':
    case 'topk':
    case 'topp':
      return 0;
    case 'all':
      return 1;
    case 'max':
      return least;
    case 'min':
      return greatest;
    case 'logsumexp':
      return -Infinity;
    case 'argmax':
    case 'argmin':
    case 'nth':
      return -1;
  }
}
