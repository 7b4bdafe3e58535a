/** The time that no schedule with these operations and bytes is below, on a device as the cost model has it (a roofline). */
import { deviceOf } from '../tile/device.ts';
import type { PlanLimits, StagePlan } from '../tile/plan.ts';
import type { Figure } from './formula.ts';

export interface Limit {
  readonly ms: number;
  /** What takes that long: contractions at the device's rate, or inputs and outputs going through its memory once. */
  readonly by: 'operations' | 'bytes';
  /** Whose rates these are. */
  readonly device: string;
}

interface Launch {
  readonly operations: Figure;
  readonly plan: StagePlan;
}

/** @returns undefined where sizes are not known. @param bytes of inputs and outputs, each once */
export function limitOf(launches: readonly Launch[], bytes: Figure, limits: PlanLimits): Limit | undefined {
  const device = deviceOf(limits);
  let seconds = 0;
  for (const { operations, plan } of launches) {
    if (typeof operations !== 'number') return undefined;
    const rate = /^lane-/.test(plan.arrangement) ? device.multiplyAdds : device.matrixMultiplyAdds;
    // An operation is a multiplication or an addition, and a device does one of each at a time.
    seconds += operations / 2 / (rate ?? device.multiplyAdds);
  }
  if (typeof bytes !== 'number') return undefined;
  const memory = bytes / device.memory;
  const by = seconds >= memory ? 'operations' : 'bytes';
  return { ms: 1000 * Math.max(seconds, memory), by, device: device.name };
}
