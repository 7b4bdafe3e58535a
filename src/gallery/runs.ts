/**
 * Which example ran on which executor in the last run of the tests, as the reporter of the tests wrote it down
 * (`examples/runs.json`). Nothing in it is written by hand.
 */
import { z } from 'zod';

/** Executors in the order of the table, and what their marks mean. */
export const EXECUTORS = {
  reference: 'the interpreter against a float64 reference of the formula',
  'kernel interpreter': 'kernels in lockstep, with plans for GPUs and for CPUs: bounds, races and values',
  WGSL: 'WebGPU by Dawn on a Vulkan driver',
  CUDA: 'CUDA C++ under the emulator',
  nvcc: 'CUDA C++ compiled for sm_80 and sm_90a',
} as const;
export type Executor = keyof typeof EXECUTORS;

const Outcome = z.enum(['passed', 'failed']);
const Runs = z.record(z.string(), z.partialRecord(z.enum(Object.keys(EXECUTORS) as [Executor]), Outcome));

/** By `file: kernel`; references are held against files, under their names alone. */
export type Runs = z.infer<typeof Runs>;

/** @throws ZodError where the text is no report */
export const readRuns = (text: string): Runs => Runs.parse(JSON.parse(text));
