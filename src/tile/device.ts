/** What devices can do at most, for costs and limits: orders of magnitude that rank plans, not promises about a machine. */
import type { PlanLimits } from './plan.ts';

export interface DeviceModel {
  /** For people. */
  readonly name: string;
  /** Multiply-adds in f32 per second, on all cores together. */
  readonly multiplyAdds: number;
  /** Multiply-adds of matrix units on 16-bit operands; absent where there are none. */
  readonly matrixMultiplyAdds?: number;
  /** Bytes per second from memory, and from the cache that cores share. */
  readonly memory: number;
  readonly cache: number;
  /** Seconds from one launch to the next. */
  readonly launch: number;
  /** Lanes that a core must hold for its arithmetic to wait for nothing. */
  readonly lanesPerCore: number;
  /** Numbers that a lane holds without going to memory. */
  readonly registers: number;
  /** Seconds that the driver takes to compile a statement of a loop that is written out. */
  readonly compile: number;
}

/** A core of a CPU: 8 lanes of 256 bits, one multiplication and addition per cycle at 2.5 GHz; measured under lavapipe. */
const cpu = ({ cores, subgroup }: PlanLimits): DeviceModel => ({
  name: `${cores} cores of a CPU`,
  multiplyAdds: cores * subgroup * 2.5e9,
  memory: 10e9 * cores,
  cache: 40e9 * cores,
  launch: 100e-6,
  lanesPerCore: subgroup,
  registers: 128,
  compile: 1e-4,
});

/** Streaming multiprocessors of an H100 (NVIDIA H100 Tensor Core GPU Architecture, 2022: SXM5, dense figures). */
const matrixGpu = ({ cores }: PlanLimits): DeviceModel => ({
  name: `${cores} multiprocessors with matrix units`,
  multiplyAdds: cores * 128 * 1.755e9,
  matrixMultiplyAdds: cores * 2048 * 1.755e9,
  memory: 3.35e12,
  cache: 5.5e12,
  launch: 4e-6,
  lanesPerCore: 256,
  registers: 192,
  compile: 0,
});

/** WebGPU does not say what runs it: a small discrete GPU. */
const gpu = ({ cores }: PlanLimits): DeviceModel => ({
  name: `${cores} cores of a GPU`,
  multiplyAdds: cores * 128 * 1.5e9,
  memory: 300e9,
  cache: 1e12,
  launch: 20e-6,
  lanesPerCore: 256,
  registers: 128,
  compile: 0,
});

export const deviceOf = (limits: PlanLimits): DeviceModel =>
  limits.software ? cpu(limits) : limits.mma ? matrixGpu(limits) : gpu(limits);
