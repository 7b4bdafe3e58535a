/** The manifest of a WGSL module: what a host needs to bind tensors and launch. */
import type { Program, ProgramTensor } from '../../src/kernel/kernel.ts';
import { launchesOf, type LaunchOf } from '../../src/kernel/launches.ts';
import { sharedBytes } from '../../src/kernel/verify.ts';
import type { BackendOptions, Manifest, ManifestBinding, ManifestEntry } from '../backend.ts';
import { printFormula } from '../formula.ts';
import { wgslLimits } from './limits.ts';
import { ModuleContext } from './module.ts';
import { unitsOf } from './subgroup-matrix.ts';

/** File name of the module. */
export const sourceName = (program: Program): string => `${program.name}.wgsl`;

export function manifestOf(program: Program, options: BackendOptions = {}): Manifest {
  const module = new ModuleContext(program, options);
  const subgroup = module.subgroupNeeded();
  const matrixUnits = unitsOf(program);
  const tensors = (list: readonly ProgramTensor[]): Manifest['inputs'] =>
    list.map(({ name, storage, shape }) => ({ name, storage, shape: shape.map((e) => printFormula(e)) }));
  return {
    format: 1,
    kernel: program.name,
    target: 'wgsl',
    source: sourceName(program),
    fixed: program.fixed,
    ...(program.notes ? { notes: program.notes } : {}),
    maxGridPerDimension: wgslLimits(options).maxGridPerDimension,
    ...(subgroup === undefined ? {} : { subgroup }),
    ...(matrixUnits.length > 0 ? { matrixUnits } : {}),
    launches: launchesOf(program).map((l) => entryOf(l, program, module)),
    inputs: tensors(program.inputs),
    outputs: tensors(program.outputs),
    workspace: tensors(program.workspace),
  };
}

function entryOf(
  { name, kernel: k, tensor }: LaunchOf,
  program: Program,
  module: ModuleContext,
): ManifestEntry {
  const role = (name: string): ManifestBinding['role'] => {
    if (program.inputs.some((t) => t.name === name)) return 'in';
    return program.outputs.some((t) => t.name === name) ? 'out' : 'workspace';
  };
  const shapes = new Map(
    [...program.inputs, ...program.outputs, ...program.workspace].map((t) => [t.name, t.shape]),
  );
  return {
    name: module.entryNames.get(k)!,
    launch: name,
    lanes: k.lanes,
    sharedBytes: sharedBytes(k),
    grid: printFormula(k.grid),
    bindings: k.buffers.map((b) => ({
      name: tensor(b.name),
      role: role(tensor(b.name)),
      access: b.access,
      storage: b.storage,
      binding: module.tensors.get(b.name)!.binding,
      shape: shapes.get(tensor(b.name))!.map((e) => printFormula(e)),
    })),
    ...(module.usesUniforms(k) ? { uniformBinding: 0 } : {}),
    uniforms: module.hasUniforms() ? program.uniforms.map((x, n) => ({ ...x, offset: 4 * n })) : [],
  };
}
