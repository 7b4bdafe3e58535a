/** Transfers of several elements at once: packed words, and copies that land when a lane waits for them. */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import type { Expr } from '../../expr/expr.ts';
import { STORAGE } from '../../expr/types.ts';
import type { Stmt } from '../kernel.ts';
import { isPacked, packedBits } from '../rounding.ts';
import { compileExpr } from './expression.ts';
import { BufferMemory, SharedMemory } from './memory.ts';
import type { Lane, StatementPlaces, Step } from './places.ts';

type Transfer = Extract<Stmt, { kind: 'loads' | 'word' | 'words' | 'copy' | 'commit' | 'await' }>;
const COPY_BYTES = 16;

export function compileTransfer(s: Transfer, places: StatementPlaces): Step {
  switch (s.kind) {
    case 'loads':
      return compileLoads(s, places);
    case 'word': {
      const slot = places.slot(s.name);
      const word = compileWord(s.buffer, s.from, places);
      return (l) => {
        l.slots[slot] = word(l);
      };
    }
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

/** Elements of a buffer from one on, the first in the lowest bits. */
function compileWord(buffer: string, first: Expr, places: StatementPlaces): (l: Lane) => number {
  const memory = places.memory(buffer);
  const storage = memory instanceof BufferMemory ? memory.storage : undefined;
  if (!memory || storage === undefined || !isPacked(storage))
    throw new CompilerBug('kernel interpreter', `a word of ${buffer}`);
  const bits = 8 * STORAGE[storage].bytes;
  const from = compileExpr(first, places);
  return (l) => {
    const at = from(l);
    aligned(places, l, buffer, at, 32 / bits);
    let word = 0;
    for (let n = 0; n < 32 / bits; n++)
      word |= packedBits(storage, memory.load(at + n, l.number)) << (n * bits);
    return word >>> 0;
  };
}

function compileWords(s: Extract<Transfer, { kind: 'words' }>, places: StatementPlaces): Step {
  const into = places.local(s.into);
  if (into === undefined) throw new CompilerBug('kernel interpreter', `words to ${s.into}`);
  const word = compileWord(s.buffer, s.from, places);
  const offset = compileExpr(s.intoOffset, places);
  return (l) => {
    const value = word(l);
    const array = l.arrays[into]!;
    const to = offset(l);
    if (to >= 0 && to < array.length) array[to] = value;
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
