/** What devices can do at most, for costs and limits: orders of magnitude that rank plans, not promises about a machine. */
import type { PlanLimits } from './plan.ts';

export interface DeviceModel {
  /** For people. */
  readonly name: string;
  /** Multiply-adds in f32 per second, on all cores together. */
  readonly multiplyAdds: number;
  /** Multiply-adds of matrix units on 16-bit operands; absent where there are none. */
  readonly matrixMultiplyAdds?: number;
  /** Bytes per second from memory. */
  readonly memory: number;
  /** Seconds from one launch to the next. */
  readonly launch: number;
  /** Lanes that a core must hold for its arithmetic to wait for nothing. */
  readonly lanesPerCore: number;
  /** Multiply-adds that take as long as an access to an element that a lane's registers do not hold. */
  readonly access: number;
  /** Numbers that a lane holds without going to memory. */
  readonly registers: number;
  /** Seconds that the driver takes to compile what an element of a tile that is written out has. */
  readonly compile: number;
}

/**
 * A core of a CPU: 8 lanes of 256 bits, one multiplication and addition per cycle at 2.5 GHz. Accesses and compiling were
 * fitted to times under lavapipe: docs/tuning.md.
 */
const cpu = ({ cores, subgroup }: PlanLimits): DeviceModel => ({
  name: `${cores} cores of a CPU`,
  multiplyAdds: cores * subgroup * 2.5e9,
  memory: 10e9 * cores,
  launch: 100e-6,
  lanesPerCore: subgroup,
  access: 16,
  registers: 128,
  compile: 2e-3,
});

/** NVIDIA H100 Tensor Core GPU Architecture, 2022, SXM5 without sparsity: 66.9 and 989.4 TFLOP/s, 3.35 TB/s. */
const H100: DeviceModel = {
  name: 'an H100',
  multiplyAdds: 33.4e12,
  matrixMultiplyAdds: 494.7e12,
  memory: 3.35e12,
  launch: 4e-6,
  lanesPerCore: 256,
  access: 2,
  registers: 255,
  compile: 0,
};

/** Products of subgroups' units in the time of one of their lanes: between Apple's, for which they are lanes, and NVIDIA's. */
const UNIT_RATE = 4;

/** WebGPU does not say what runs it: a small discrete GPU. */
const gpu = ({ cores, matrixUnits }: PlanLimits): DeviceModel => ({
  name: `${cores} cores of a GPU`,
  multiplyAdds: cores * 128 * 1.5e9,
  ...(matrixUnits ? { matrixMultiplyAdds: UNIT_RATE * cores * 128 * 1.5e9 } : {}),
  memory: 300e9,
  launch: 20e-6,
  lanesPerCore: 256,
  access: 2,
  registers: 255,
  compile: 0,
});

export const deviceOf = (limits: PlanLimits): DeviceModel =>
  limits.software ? cpu(limits) : limits.mma ? H100 : gpu(limits);
