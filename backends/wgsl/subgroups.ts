/**
 * What makes the IR's `subgroup` of a device's subgroups: their size where each holds consecutive lanes in order, which WGSL does
 * not promise, else 1. One number for the workgroup, so that all of its lanes take the same way.
 */
import type { ModuleContext } from './module.ts';
import type { Names } from './names.ts';

/** @param index the name of the lane's number as u32 */
export function subgroupHead(
  module: ModuleContext,
  names: Names,
  index: string,
): { readonly name: string; readonly params: readonly string[]; readonly lines: readonly string[] } {
  const [size, id, first] = ['subgroup_lanes', 'subgroup_lane', 'subgroup_first'].map((n) => names.fresh(n));
  const name = names.fresh('subgroup');
  const { apart, lanes } = module.subgroups();
  return {
    name,
    params: [`@builtin(subgroup_size) ${size}: u32`, `@builtin(subgroup_invocation_id) ${id}: u32`],
    lines: [
      '  // Subgroups are used where each holds consecutive lanes in order; WGSL does not promise it.',
      `  if ${index} == 0u {`,
      `    atomicStore(&${apart}, 0u);`,
      '  }',
      '  workgroupBarrier();',
      `  let ${first} = subgroupBroadcastFirst(${index} / ${size}) * ${size};`,
      `  if ${index} != ${first} + ${id} {`,
      `    atomicStore(&${apart}, 1u);`,
      '  }',
      '  workgroupBarrier();',
      `  if ${index} == 0u {`,
      `    ${lanes} = select(1, i32(${size}), atomicLoad(&${apart}) == 0u);`,
      '  }',
      `  let ${name} = workgroupUniformLoad(&${lanes});`,
    ],
  };
}
