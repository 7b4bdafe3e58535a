/** What a back-end offers to the rest of the compiler. Imports only `src/kernel` and `src/expr`. */
import type { Diagnostic } from '../src/diagnostics/diagnostic.ts';
import type { Expr } from '../src/expr/expr.ts';
import type { MatrixUnit } from '../src/expr/matrix-unit.ts';
import type { Program, Uniform } from '../src/kernel/kernel.ts';
import type { StorageType } from '../src/expr/types.ts';

/** Capabilities as data; passes and plans read these, never a target's name. */
export interface Limits {
  readonly workgroupBytes: number;
  readonly maxLanes: number;
  readonly maxBuffers: number;
  readonly maxGridPerDimension: number;
  /** Tensor-core contraction on 16-bit operands over warps of 32 lanes. */
  readonly mma: boolean;
  /** Asynchronous copies of tiles, and products of 128 lanes on matrices in workgroup memory. */
  readonly warpgroups?: boolean;
  /** What a chunk of a recurrence needs may be computed by one workgroup, where it fits its memory. */
  readonly blocks?: boolean;
  /** Arrays in workgroup memory can be taken four elements at a time. */
  readonly vectors?: boolean;
  /** 16-bit floats can be held and addressed one by one in memory. */
  readonly nativeF16: boolean;
  /** 16-bit floats are multiplied as such. */
  readonly f16Arithmetic?: boolean;
  readonly nativeBf16: boolean;
  /** Products of matrices that the subgroups of the device do; absent: none. */
  readonly matrixUnits?: readonly MatrixUnit[];
  /** Lanes that run in step. */
  readonly subgroup: number;
  /** Lanes of a subgroup can exchange values. */
  readonly exchanges?: boolean;
  /** Lanes run on a CPU's vector unit. */
  readonly software: boolean;
  /** Workgroups that run at the same time, one on each core: how finely work is split. */
  readonly cores: number;
  /** Workgroups start in the order of their numbers. */
  readonly startsInOrder?: boolean;
}

export interface ManifestBinding {
  readonly name: string;
  readonly role: 'in' | 'out' | 'workspace';
  /** What this launch does with it; a workspace is written by one launch and read by later ones. */
  readonly access: 'read' | 'write' | 'read_write';
  readonly storage: StorageType;
  readonly binding: number;
  /** Extents as formulas over the uniforms, e.g. `B * H`, outermost first. */
  readonly shape: readonly string[];
}
/** Arguments of the driver's cuTensorMapEncodeTiled for a contiguous tensor: 128-byte swizzle, zeros outside. */
export interface ManifestTensorMap {
  readonly tensor: string;
  readonly elementBytes: number;
  readonly swizzleBytes: number;
  /** Formulas, innermost first. */
  readonly extents: readonly string[];
  readonly box: readonly number[];
}
/** One launch. */
export interface ManifestEntry {
  /** The kernel: an entry point of the module, or a symbol. Launches that differ only in their tensors have the same. */
  readonly name: string;
  /** What the launch is called; no other one has it. */
  readonly launch: string;
  readonly lanes: number;
  readonly sharedBytes: number;
  /** Number of workgroups as a formula; past the limit per dimension it is folded into y (and z). */
  readonly grid: string;
  readonly bindings: readonly ManifestBinding[];
  /** CUDA: tensor maps that the kernel takes by value after its buffers. */
  readonly tensorMaps?: readonly ManifestTensorMap[];
  /** WGSL: the binding of the uniform block, absent when the entry point reads none. */
  readonly uniformBinding?: number;
  /** Bytes offset of each uniform in the 4-byte-aligned block. */
  readonly uniforms: readonly (Uniform & { readonly offset: number })[];
}
export interface Manifest {
  readonly format: 1;
  readonly kernel: string;
  readonly target: string;
  readonly source: string;
  readonly fixed: Readonly<Record<string, number>>;
  /** How the kernel was made of another one. */
  readonly notes?: readonly string[];
  readonly maxGridPerDimension: number;
  /** WGSL: lanes that a subgroup of the device has at least, with the feature `subgroups`. Absent where kernels do without. */
  readonly subgroup?: number;
  /** WGSL: products of matrices that the device's subgroups must do, with the feature `chromium-experimental-subgroup-matrix`. */
  readonly matrixUnits?: readonly MatrixUnit[];
  /** Launches in order. */
  readonly launches: readonly ManifestEntry[];
  readonly inputs: readonly {
    readonly name: string;
    readonly storage: StorageType;
    readonly shape: readonly string[];
  }[];
  readonly outputs: readonly {
    readonly name: string;
    readonly storage: StorageType;
    readonly shape: readonly string[];
  }[];
  readonly workspace: readonly {
    readonly name: string;
    readonly storage: StorageType;
    readonly shape: readonly string[];
  }[];
}

/** One generated file; `path` is relative to the output folder. */
export interface EmittedFile {
  readonly path: string;
  readonly text: string;
}

export interface Backend {
  readonly name: string;
  limits(options: BackendOptions): Limits;
  /** Rewrites the program into what the dialect can spell. Runs last. */
  legalize(program: Program, options: BackendOptions): Program;
  /** What a legalised program asks beyond the limits, as errors; empty when it runs on every device. */
  check(program: Program, options: BackendOptions): readonly Diagnostic[];
  /** Prints source, manifest and host code. */
  emit(program: Program, options: BackendOptions): readonly EmittedFile[];
}

/** Optional device features that the user allows. */
export interface BackendOptions {
  /** WGSL: use `shader-f16` for 16-bit storage. */
  readonly shaderF16?: boolean;
  /** WGSL, with `shaderF16`: products of f16 operands are f16, with sums of four of them. */
  readonly f16Arithmetic?: boolean;
  /** WGSL: the device's language has products of four bytes, `packed_4x8_integer_dot_product`. */
  readonly packedProducts?: boolean;
  /** WGSL: bytes of workgroup memory that the device is asked for; by default what WebGPU guarantees. */
  readonly workgroupBytes?: number;
  /** WGSL: the kind of device to schedule for; by default a GPU. */
  readonly device?: 'gpu' | 'cpu';
  /**
   * WGSL: lanes that every subgroup of the device has at least, with the feature `subgroups`; lanes may then exchange values.
   * Absent or 1: they do not.
   */
  readonly subgroups?: number;
  /** WGSL: products of matrices that the device's subgroups do; they are used wherever they fit. Absent: none. */
  readonly matrixUnits?: readonly MatrixUnit[];
  /** CUDA: the least architecture that must run the code; by default `sm_80`. Only that of `sm_90a` runs no later code. */
  readonly arch?: CudaArch;
}

export const CUDA_ARCHS = ['sm_80', 'sm_90a'] as const;
export type CudaArch = (typeof CUDA_ARCHS)[number];

export type { Expr };
