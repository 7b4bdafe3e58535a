/** What the pieces of generated host code share. */
import type { Program, Uniform } from '../../src/kernel/kernel.ts';
import type { Manifest } from '../backend.ts';

export interface HostParts {
  readonly program: Program;
  readonly manifest: Manifest;
  readonly name: string;
  readonly sizes: readonly Uniform[];
  readonly params: readonly Uniform[];
  /** The module says `enable f16`. */
  readonly needsF16: boolean;
  /** The module says that it requires products of bytes. */
  readonly needsPackedProducts: boolean;
}

export const propertyName = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`);
export const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
export const dimsText = (t: Manifest['inputs'][number]): string => `[${t.shape.join(', ')}]`;
