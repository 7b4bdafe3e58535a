/** Transfers of several elements at once: packed words, and copies that land when a lane waits for them. */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import { STORAGE } from '../../expr/types.ts';
import type { Stmt } from '../kernel.ts';
import { halfBits } from '../rounding.ts';
import { compileExpr } from './expression.ts';
import { BufferMemory, SharedMemory } from './memory.ts';
import type { Lane, StatementPlaces, Step } from './places.ts';

type Transfer = Extract<Stmt, { kind: 'loads' | 'words' | 'copy' | 'commit' | 'await' }>;
const COPY_BYTES = 16;

export function compileTransfer(s: Transfer, places: StatementPlaces): Step {
  switch (s.kind) {
    case 'loads':
      return compileLoads(s, places);
    case 'words':
      return compileWords(s, places);
    case 'copy':
      return compileCopy(s, places);
    case 'commit':
      return (l) => {
        l.copies.push([]);
      };
    case 'await':
      return (l) => {
        // The last group is still being made: it is waited for only after a commit.
        while (l.copies.length - 1 > s.pending) for (const land of l.copies.shift()!) land();
      };
  }
}

/** Reports an access to `count` elements at once that does not begin at a multiple of them. */
export function aligned(places: StatementPlaces, l: Lane, name: string, at: number, count: number): void {
  if (at % count !== 0)
    places.report.add('alignment', `lane ${l.number} takes ${count} elements of ${name} at ${at}`);
}

function compileLoads(s: Extract<Transfer, { kind: 'loads' }>, places: StatementPlaces): Step {
  const memory = places.memory(s.array);
  if (!memory) throw new CompilerBug('kernel interpreter', `loads of ${s.array}`);
  const shared = memory instanceof SharedMemory;
  const piece = compileExpr(s.piece, places);
  const slots = s.names.map((n) => places.slot(n));
  return (l) => {
    const first = piece(l) * slots.length;
    if (shared) places.trace?.(s, l.number, s.array, first);
    slots.forEach((slot, n) => {
      l.slots[slot] = memory.load(first + n, l.number);
    });
  };
}

function compileWords(s: Extract<Transfer, { kind: 'words' }>, places: StatementPlaces): Step {
  const memory = places.memory(s.buffer);
  const into = places.local(s.into);
  const storage = memory instanceof BufferMemory ? memory.storage : undefined;
  if (into === undefined || !memory || (storage !== 'f16' && storage !== 'bf16'))
    throw new CompilerBug('kernel interpreter', `words of ${s.buffer} to ${s.into}`);
  const [offset, from] = [compileExpr(s.intoOffset, places), compileExpr(s.from, places)];
  return (l) => {
    const at = from(l);
    aligned(places, l, s.buffer, at, 2);
    const [low, high] = [0, 1].map((n) => halfBits(storage, memory.load(at + n, l.number)));
    const array = l.arrays[into]!;
    const to = offset(l);
    if (to >= 0 && to < array.length) array[to] = (low! | (high! << 16)) >>> 0;
    else places.report.add('out-of-bounds', `lane ${l.number} writes ${s.into}[${to}] of ${array.length}`);
  };
}

function compileCopy(s: Extract<Transfer, { kind: 'copy' }>, places: StatementPlaces): Step {
  const [target, source] = [places.memory(s.shared), places.memory(s.buffer)];
  if (!(target instanceof SharedMemory) || !source)
    throw new CompilerBug('kernel interpreter', `copy from ${s.buffer} to ${s.shared}`);
  const count = COPY_BYTES / STORAGE[target.storage].bytes;
  const [index, from] = [compileExpr(s.index, places), compileExpr(s.from, places)];
  return (l) => {
    const [to, at] = [index(l), from(l)];
    aligned(places, l, s.shared, to, count);
    aligned(places, l, s.buffer, at, count);
    for (let n = 0; n < count; n++) {
      const value = source.load(at + n, l.number);
      target.start(to + n, l.number);
      l.copies.at(-1)!.push(() => target.land(to + n, value, l.number));
    }
  };
}
