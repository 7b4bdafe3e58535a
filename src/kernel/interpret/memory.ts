/** Memories of the lockstep interpreter; each access is checked for bounds, initialisation and races. */
import type { StorageType } from '../../expr/types.ts';
import { STORE_ROUND } from '../rounding.ts';
import type { Report } from './report.ts';

/** Who runs now: `epoch` grows at each barrier and each workgroup, `id` is unique over lanes of all workgroups. */
export interface Clock {
  epoch: number;
  /** The epoch in which the current workgroup began. */
  groupStart: number;
}

/** Stands in `reader` for more than one lane. */
const MANY = -2;

/** A memory that lanes share. */
export interface Memory {
  readonly name: string;
  readonly values: Float64Array;
  load(index: number, lane: number): number;
  save(index: number, value: number, lane: number): void;
}

/** One array in workgroup memory; contents and history end with the workgroup. */
export class SharedMemory implements Memory {
  readonly values: Float64Array;
  private readonly writeEpoch: Int32Array;
  private readonly writer: Int32Array;
  private readonly readEpoch: Int32Array;
  private readonly reader: Int32Array;
  /** Copies in flight to an element. */
  private readonly landing: Uint8Array;
  private readonly round: (x: number) => number;

  constructor(
    readonly name: string,
    readonly storage: StorageType,
    length: number,
    private readonly clock: Clock,
    private readonly report: Report,
  ) {
    this.values = new Float64Array(length);
    this.writeEpoch = new Int32Array(length).fill(-1);
    this.writer = new Int32Array(length);
    this.readEpoch = new Int32Array(length).fill(-1);
    this.reader = new Int32Array(length);
    this.landing = new Uint8Array(length);
    this.round = STORE_ROUND[storage];
  }

  load(index: number, lane: number): number {
    const { clock, report, name } = this;
    if (!(index >= 0 && index < this.values.length)) {
      report.add('out-of-bounds', `lane ${lane} reads ${name}[${index}] of ${this.values.length}`);
      return 0;
    }
    const written = this.writeEpoch[index]!;
    if (this.landing[index]! > 0) {
      report.add('race', `lane ${lane} reads ${name}[${index}] before a copy to it has landed`);
    } else if (written < clock.groupStart) {
      report.add('uninitialised', `lane ${lane} reads ${name}[${index}], which nothing has written`);
    } else if (written === clock.epoch && this.writer[index] !== lane) {
      report.add(
        'race',
        `lane ${lane} reads ${name}[${index}], which lane ${this.writer[index]} writes with no barrier between`,
      );
    }
    if (this.readEpoch[index] !== clock.epoch) {
      this.readEpoch[index] = clock.epoch;
      this.reader[index] = lane;
    } else if (this.reader[index] !== lane) {
      this.reader[index] = MANY;
    }
    return this.values[index]!;
  }

  /** A copy begins: it may be written from now on, and is written at the latest when `land` is called. */
  start(index: number, lane: number): void {
    if (index >= 0 && index < this.values.length) {
      this.save(index, NaN, lane);
      this.landing[index]! += 1;
    } else this.report.add('out-of-bounds', `lane ${lane} copies to ${this.name}[${index}]`);
  }

  land(index: number, value: number, lane: number): void {
    if (!(index >= 0 && index < this.values.length)) return;
    this.landing[index]! -= 1;
    this.save(index, value, lane);
  }

  /** A workgroup begins: what the last one left in flight is gone. */
  reset(): void {
    this.landing.fill(0);
  }

  save(index: number, value: number, lane: number): void {
    const { clock, report, name } = this;
    if (!(index >= 0 && index < this.values.length)) {
      report.add('out-of-bounds', `lane ${lane} writes ${name}[${index}] of ${this.values.length}`);
      return;
    }
    if (this.landing[index]! > 0)
      report.add('race', `lane ${lane} writes ${name}[${index}] before a copy to it has landed`);
    if (this.writeEpoch[index] === clock.epoch && this.writer[index] !== lane) {
      report.add(
        'race',
        `lanes ${this.writer[index]} and ${lane} write ${name}[${index}] with no barrier between`,
      );
    }
    if (this.readEpoch[index] === clock.epoch && this.reader[index] !== lane) {
      const other = this.reader[index] === MANY ? 'other lanes read' : `lane ${this.reader[index]} reads`;
      report.add('race', `lane ${lane} writes ${name}[${index}], which ${other} with no barrier between`);
    }
    this.writeEpoch[index] = clock.epoch;
    this.writer[index] = lane;
    this.values[index] = this.round(value);
  }
}

/** A tensor's values and which of them have been written, kept from launch to launch. */
export interface TensorMemory {
  readonly storage: StorageType;
  readonly values: Float64Array;
  readonly written: Uint8Array;
}

/** A tensor as one launch sees it. Accesses of different workgroups are never ordered. */
export class BufferMemory implements Memory {
  readonly values: Float64Array;
  readonly storage: StorageType;
  private readonly history: History | undefined;
  private readonly round: (x: number) => number;

  constructor(
    readonly name: string,
    private readonly tensor: TensorMemory,
    /** The number of elements that the kernel claims to touch. */
    private readonly length: number,
    writable: boolean,
    private readonly clock: Clock,
    private readonly report: Report,
  ) {
    this.values = tensor.values;
    this.storage = tensor.storage;
    this.history = writable ? new History(length) : undefined;
    this.round = STORE_ROUND[tensor.storage];
  }

  load(index: number, lane: number): number {
    const { report, name, history, clock } = this;
    if (!(index >= 0 && index < this.length)) {
      report.add('out-of-bounds', `lane ${lane} reads ${name}[${index}] of ${this.length}`);
      return 0;
    }
    if (this.tensor.written[index] === 0) {
      report.add('uninitialised', `lane ${lane} reads ${name}[${index}], which nothing has written`);
    }
    if (history?.readRace(index, lane, clock)) {
      report.add(
        'race',
        `lane ${lane} reads ${name}[${index}], which another lane writes in the same launch`,
      );
    }
    history?.noteRead(index, lane, clock);
    return this.values[index]!;
  }

  save(index: number, value: number, lane: number): void {
    const { report, name, history, clock } = this;
    if (!(index >= 0 && index < this.length)) {
      report.add('out-of-bounds', `lane ${lane} writes ${name}[${index}] of ${this.length}`);
      return;
    }
    if (history) {
      const race = history.writeRace(index, lane, clock);
      if (race) report.add('race', `lane ${lane} writes ${name}[${index}], which ${race} in the same launch`);
      history.noteWrite(index, lane, clock);
    }
    this.tensor.written[index] = 1;
    this.values[index] = this.round(value);
  }
}

/** Last accesses of each element within one launch; epochs tell workgroups apart. */
class History {
  private readonly writeEpoch: Int32Array;
  private readonly writer: Int32Array;
  private readonly readEpoch: Int32Array;
  private readonly reader: Int32Array;
  /** Elements that an earlier workgroup has read. */
  private readonly readBefore: Uint8Array;

  constructor(length: number) {
    this.writeEpoch = new Int32Array(length).fill(-1);
    this.writer = new Int32Array(length);
    this.readEpoch = new Int32Array(length).fill(-1);
    this.reader = new Int32Array(length);
    this.readBefore = new Uint8Array(length);
  }

  noteWrite(index: number, lane: number, clock: Clock): void {
    this.writeEpoch[index] = clock.epoch;
    this.writer[index] = lane;
  }

  noteRead(index: number, lane: number, clock: Clock): void {
    const epoch = this.readEpoch[index]!;
    if (epoch >= 0 && epoch < clock.groupStart) this.readBefore[index] = 1;
    if (epoch !== clock.epoch) {
      this.readEpoch[index] = clock.epoch;
      this.reader[index] = lane;
    } else if (this.reader[index] !== lane) {
      this.reader[index] = MANY;
    }
  }

  readRace(index: number, lane: number, clock: Clock): boolean {
    return unordered(this.writeEpoch[index]!, this.writer[index]!, lane, clock);
  }

  /** What makes a write by `lane` a race, or undefined. */
  writeRace(index: number, lane: number, clock: Clock): string | undefined {
    if (unordered(this.writeEpoch[index]!, this.writer[index]!, lane, clock)) return 'another lane writes';
    const read = unordered(this.readEpoch[index]!, this.reader[index]!, lane, clock);
    return read || this.readBefore[index] === 1 ? 'another lane reads' : undefined;
  }
}

/** An access in another workgroup, or by another lane since the last barrier. */
function unordered(epoch: number, who: number, lane: number, clock: Clock): boolean {
  if (epoch < 0) return false;
  return epoch < clock.groupStart || (epoch === clock.epoch && who !== lane);
}
