/** What compiled statements and expressions run on. */
import type { MatrixType } from '../subgroup-matrix.ts';
import type { Memory } from './memory.ts';
import type { Report } from './report.ts';

/** One lane's registers. */
export interface Lane {
  readonly number: number;
  readonly slots: Float64Array;
  readonly arrays: Float64Array[];
  /** Copies in flight: committed groups, the oldest first, and the group that is being made. */
  readonly copies: Landing[][];
}

/** What happens when a copy lands. */
export type Landing = () => void;
export type Value = (lane: Lane) => number;

/** Where names live, decided while a kernel is compiled. */
export interface Places {
  slot(name: string): number;
  /** Number of a local array, or undefined. */
  local(name: string): number | undefined;
  memory(name: string): Memory | undefined;
  readonly report: Report;
}

export type Trace = (statement: object, lane: number, array: string, first: number) => void;
export type Step = (lane: Lane) => void;
/** Runs for the lanes that are active at this place. */
export type GroupStep = (lanes: readonly Lane[]) => void;

export interface StatementPlaces extends Places {
  declareLocal(name: string, length: number): number;
  /** Matrices of subgroups that were declared so far. */
  readonly matrices: Map<string, MatrixType>;
  /** Told of elements of a shared array that a lane takes at once: by which statement, and the first of them. */
  readonly trace?: Trace;
  /** Ends a barrier interval. */
  barrier(): void;
  readonly laneCount: number;
  /** Lanes of a group that exchange values without memory. */
  readonly subgroup: number;
  /** Reports NaN stored to outputs. */
  checkStore(name: string, index: number, value: number): void;
}
