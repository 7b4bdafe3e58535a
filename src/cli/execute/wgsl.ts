/** Printed WGSL as a target, on a WebGPU device. */
import { userError } from '../../diagnostics/diagnostic.ts';
import type { Execution, Launch } from '../targets.ts';
export const missingWebgpu = async (): Promise<string | undefined> => 'wgsl: the runner is not there yet';
export async function executeWgsl(_launch: Launch): Promise<Execution> {
  throw userError('E0730', 'no runner');
}
