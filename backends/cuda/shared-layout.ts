/** Where the shared arrays of a kernel lie in its one block of dynamic shared memory. */
import { STORAGE } from '../../src/expr/types.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { sharedBytes as declaredBytes } from '../../src/kernel/verify.ts';

/** Rows that `ldmatrix` reads start at multiples of this. */
const ALIGNMENT = 16;

export interface SharedPlace {
  readonly name: string;
  /** Bytes from the start of the block, without red zones. */
  readonly offset: number;
  /** Number of red zones before the array. */
  readonly zones: number;
}
export interface SharedLayout {
  readonly places: readonly SharedPlace[];
  readonly bytes: number;
  readonly zones: number;
}

/** Arrays in order of declaration, each where its alignment allows; a red zone may follow each but the last. */
export function sharedLayout(kernel: Kernel): SharedLayout {
  if (kernel.shared.some((a) => a.at !== undefined)) return givenLayout(kernel);
  const places: SharedPlace[] = [];
  let end = 0;
  for (const [zones, array] of kernel.shared.entries()) {
    const alignment = array.alignment ?? ALIGNMENT;
    const offset = Math.ceil(end / alignment) * alignment;
    places.push({ name: array.name, offset, zones });
    end = offset + array.length * STORAGE[array.storage].bytes;
  }
  return { places, bytes: end, zones: Math.max(0, places.length - 1) };
}

/** Arrays may share bytes: nothing lies between them. */
function givenLayout(kernel: Kernel): SharedLayout {
  const places = kernel.shared.map(({ name, at = 0 }): SharedPlace => ({ name, offset: at, zones: 0 }));
  return { places, bytes: declaredBytes(kernel), zones: 0 };
}

/** Bytes of shared memory that a launch asks for when red zones have `zone` bytes. */
export const sharedBytes = (kernel: Kernel, zone = 0): number => {
  const { bytes, zones } = sharedLayout(kernel);
  return bytes + zones * zone;
};

/** `offset + zones * ATTN_REDZONE` as C++. */
export function zonedText(offset: number, zones: number): string {
  if (zones === 0) return String(offset);
  return `${offset} + ${zones === 1 ? '' : `${zones} * `}ATTN_REDZONE`;
}
