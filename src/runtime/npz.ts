/** NumPy's .npz: a zip of .npy files, one per name. */
import { unzipSync, zipSync } from 'fflate';
import { UserError, userError } from '../diagnostics/diagnostic.ts';
import type { TensorArchive } from './archive.ts';
import { decodeNpy, encodeNpy } from './npy.ts';
import type { Tensor } from './tensor.ts';

/** A zip entry larger than this is refused before memory is taken for it. */
const MAX_ENTRY_BYTES = 2 ** 32;

/**
 * Opens a .npz; entries are unpacked when asked for.
 * @throws UserError E0707 when the zip is damaged; `get` throws E0704…E0706 for a bad entry.
 */
export function decodeNpz(bytes: Uint8Array, name: string): TensorArchive {
  const entries = new Map<string, string>();
  const unzip = (
    keep: (entry: { name: string; originalSize: number }) => boolean,
  ): Record<string, Uint8Array> => {
    try {
      return unzipSync(bytes, { filter: keep });
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw userError('E0707', `${name} is not a readable .npz file: ${(error as Error).message}`);
    }
  };
  unzip((entry) => {
    if (entry.name.endsWith('.npy')) entries.set(entry.name.slice(0, -4), entry.name);
    return false;
  });
  return {
    names: [...entries.keys()],
    get(member) {
      const path = entries.get(member);
      if (path === undefined) return undefined;
      const unpacked = unzip((entry) => {
        if (entry.name === path && entry.originalSize > MAX_ENTRY_BYTES)
          throw userError(
            'E0707',
            `${name}: entry ${path} claims ${entry.originalSize} bytes, more than 4 GiB`,
          );
        return entry.name === path;
      });
      const file = unpacked[path];
      if (file === undefined) throw userError('E0707', `${name}: entry ${path} could not be unpacked`);
      return decodeNpy(file, `${name}:${member}`);
    },
  };
}

/** Packs tensors without compression, as `numpy.savez` does. */
export function encodeNpz(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  const files: Record<string, Uint8Array> = {};
  for (const [name, tensor] of tensors) files[`${name}.npy`] = encodeNpy(tensor);
  return zipSync(files, { level: 0, mtime: new Date('1980-01-02T00:00:00Z') });
}
