/** Reading and writing of tensor files; the format follows the file name's ending. */
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { userError } from '../diagnostics/diagnostic.ts';
import type { TensorArchive } from './archive.ts';
import { decodeNpy, encodeNpy } from './npy.ts';
import { decodeNpz, encodeNpz } from './npz.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';
import type { Tensor } from './tensor.ts';
import { systemMessage } from './write-files.ts';

export { makeFolder, systemMessage, writeFilesAtomically } from './write-files.ts';

export type TensorFormat = 'npy' | 'npz' | 'safetensors';

/** @throws UserError E0703 for other endings. */
export function formatOf(path: string): TensorFormat {
  const ending = extname(path).slice(1).toLowerCase();
  if (ending === 'npy' || ending === 'npz' || ending === 'safetensors') return ending;
  throw userError('E0703', `${path} has no known tensor format`, {
    hint: 'the name must end in .npy, .npz or .safetensors',
  });
}

/** @throws UserError E0701. */
export function readBytes(path: string): Uint8Array {
  try {
    const { buffer, byteOffset, byteLength } = readFileSync(path);
    // A Buffer's `slice` is a view of the same memory; a plain array copies.
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (error) {
    throw userError('E0701', `cannot read ${path}: ${systemMessage(error)}`);
  }
}

/** Opens a .npz or .safetensors file. */
export function readArchive(path: string): TensorArchive {
  const bytes = readBytes(path);
  return formatOf(path) === 'npz' ? decodeNpz(bytes, path) : decodeSafetensors(bytes, path);
}

/**
 * Reads one tensor: `file.npy`, or from an archive `file.npz` with the member's name.
 * @throws UserError E0701, E0703…E0710.
 */
export function readTensor(path: string, member?: string): Tensor {
  if (formatOf(path) === 'npy') return decodeNpy(readBytes(path), path);
  const archive = readArchive(path);
  const name = member ?? (archive.names.length === 1 ? archive.names[0]! : undefined);
  const tensor = name === undefined ? undefined : archive.get(name);
  if (tensor === undefined)
    throw userError(
      'E0710',
      name === undefined ? `${path} holds several tensors` : `${path} has no tensor ${name}`,
      {
        hint: `it holds ${archive.names.join(', ') || 'nothing'}; write ${path}:NAME`,
      },
    );
  return tensor;
}

/** The bytes of a tensor file in the format that `path` asks for; a .npy holds exactly one tensor. */
export function encodeTensors(path: string, tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  switch (formatOf(path)) {
    case 'npz':
      return encodeNpz(tensors);
    case 'safetensors':
      return encodeSafetensors(tensors);
    case 'npy': {
      const [tensor, ...more] = tensors.values();
      if (tensor === undefined || more.length > 0)
        throw userError('E0710', `${path} can hold one tensor, not ${tensors.size}`, {
          hint: `choose with --out NAME=${basename(path)}, or write a .npz or .safetensors file`,
        });
      return encodeNpy(tensor);
    }
  }
}
