/** A compiled kernel as data: what a bundler puts into a page, and what `createKernel` makes run. */
import type { Manifest } from '../../backends/backend.ts';
import type { IrSignature } from '../ir/ir.ts';

/** The types of one kernel; host code that is generated has one for each. */
export interface KernelTypes {
  /** Sizes by name that were not fixed when the kernel was compiled. */
  readonly sizes: object;
  /** Params by name; those with a default may be left out. */
  readonly params: object;
  /** Typed arrays by input. */
  readonly inputs: object;
  /** Typed arrays by output. */
  readonly outputs: object;
}

export type Values = Float32Array | Int32Array | Uint32Array | Uint16Array | Int8Array | Uint8Array;

/** Of a kernel whose names are not known to TypeScript. */
export interface AnyTypes extends KernelTypes {
  readonly sizes: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number | boolean>>;
  readonly inputs: Readonly<Record<string, Values>>;
  readonly outputs: Readonly<Record<string, Values>>;
}

export interface KernelModule<T extends KernelTypes = AnyTypes> {
  /** WGSL. */
  readonly source: string;
  readonly manifest: Manifest;
  /** What callers must give and what must hold; checked before each launch, as the interpreter checks it. */
  readonly signature: IrSignature;
  /** Only for TypeScript: never there. */
  readonly types?: T;
}
