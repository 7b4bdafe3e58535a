/** The manifest of a program: all that a host needs to launch its kernels by itself. */
import type { Program, ProgramTensor, TensorMap } from '../../src/kernel/kernel.ts';
import { launchesOf, type LaunchOf } from '../../src/kernel/launches.ts';
import type { Manifest, ManifestBinding, ManifestEntry, ManifestTensorMap } from '../backend.ts';
import { printFormula } from '../formula.ts';
import { CUDA_LIMITS } from './limits.ts';
import { fileStem } from './names.ts';
import { kernelSymbol } from './print.ts';
import { sharedBytes } from './shared-layout.ts';
import { mapsOf } from './tensor-maps.ts';

/** Every kernel takes its buffers in the order of `binding`, then the block of all uniforms by value. */
export function manifestOf(program: Program): Manifest {
  return {
    format: 1,
    kernel: program.name,
    target: 'cuda',
    source: `${fileStem(program.name)}.cu`,
    fixed: program.fixed,
    ...(program.notes ? { notes: program.notes } : {}),
    maxGridPerDimension: CUDA_LIMITS.maxGridPerDimension,
    launches: launchesOf(program).map((l) => entry(l, program)),
    inputs: program.inputs.map(tensor),
    outputs: program.outputs.map(tensor),
    workspace: program.workspace.map(tensor),
  };
}

const tensor = (t: ProgramTensor) => ({
  name: t.name,
  storage: t.storage,
  shape: t.shape.map((e) => printFormula(e)),
});

const tensorMap = (m: TensorMap, tensor: string): ManifestTensorMap => ({
  tensor,
  elementBytes: 2,
  swizzleBytes: 128,
  extents: m.extents.map((e) => printFormula(e)),
  box: m.box,
});

function entry({ name, kernel, tensor: bound }: LaunchOf, program: Program): ManifestEntry {
  const places: readonly (readonly [ManifestBinding['role'], readonly ProgramTensor[]])[] = [
    ['in', program.inputs],
    ['out', program.outputs],
    ['workspace', program.workspace],
  ];
  const find = (name: string) => {
    for (const [role, tensors] of places) {
      const found = tensors.find((t) => t.name === name);
      if (found) return { role, shape: tensor(found).shape };
    }
    return { role: 'workspace' as const, shape: [] };
  };
  return {
    name: kernelSymbol(kernel),
    launch: name,
    lanes: kernel.lanes,
    sharedBytes: sharedBytes(kernel),
    grid: printFormula(kernel.grid),
    bindings: kernel.buffers.map((b, binding) => ({
      name: bound(b.name),
      storage: b.storage,
      access: b.access,
      binding,
      ...find(bound(b.name)),
    })),
    ...(mapsOf(kernel).length > 0
      ? { tensorMaps: mapsOf(kernel).map((m) => tensorMap(m, bound(m.tensor))) }
      : {}),
    uniforms: program.uniforms.map((u, n) => ({ ...u, offset: 4 * n })),
  };
}
