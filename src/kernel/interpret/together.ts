/** Barriers and collectives of warps and subgroups: statements whose lanes must arrive together. */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import type { Stmt } from '../kernel.ts';
import { ldmatrix, mma } from './collective.ts';
import { compileExpr } from './expression.ts';
import { compileMatrix } from './subgroup-matrix.ts';
import { SharedMemory } from './memory.ts';
import { isPacked } from '../rounding.ts';
import { STORAGE } from '../../expr/types.ts';
import { Stop } from './report.ts';
import type { GroupStep, Lane, StatementPlaces } from './places.ts';

const WARP = 32;
/** Of a row that a lane names in a matrix load. */
const ROW_BYTES = 16;

export function compileCollective(s: Stmt, places: StatementPlaces): GroupStep {
  switch (s.kind) {
    case 'barrier':
      return (lanes) => {
        if (lanes.length !== places.laneCount) {
          places.report.add('divergence', `${lanes.length} of ${places.laneCount} lanes reach a barrier`);
          throw new Stop();
        }
        places.barrier();
      };
    case 'broadcast': {
      const slot = places.slot(s.name);
      const [value, lane] = [compileExpr(s.value, places), compileExpr(s.lane, places)];
      return (lanes) => {
        if (lanes.length !== places.laneCount) {
          places.report.add('divergence', `${lanes.length} of ${places.laneCount} lanes reach a broadcast`);
          throw new Stop();
        }
        const wanted = new Set(lanes.map(lane));
        const [from] = wanted;
        if (wanted.size > 1 || !(from! >= 0 && from! < lanes.length)) {
          places.report.add('divergence', `lanes want values of lanes ${[...wanted].join(', ')}`);
          throw new Stop();
        }
        const held = value(lanes[from!]!);
        for (const l of lanes) l.slots[slot] = held;
      };
    }
    case 'shuffle': {
      const slot = places.slot(s.name);
      const value = compileExpr(s.value, places);
      return byGroup('shuffle', places.subgroup, places, (warp) => {
        if (s.xor >= warp.length) {
          places.report.add(
            'divergence',
            `a shuffle at distance ${s.xor} in a subgroup of ${warp.length} lanes`,
          );
          throw new Stop();
        }
        const values = warp.map(value);
        warp.forEach((l, n) => {
          l.slots[slot] = values[n ^ s.xor]!;
        });
      });
    }
    case 'vote': {
      const slot = places.slot(s.name);
      const value = compileExpr(s.value, places);
      return byWarp('vote', places, (warp) => {
        const some = warp.filter((l) => value(l) !== 0).length > 0 ? 1 : 0;
        for (const l of warp) l.slots[slot] = some;
      });
    }
    case 'some': {
      const slot = places.slot(s.name);
      const value = compileExpr(s.value, places);
      return (lanes) => {
        if (lanes.length !== places.laneCount) {
          places.report.add('divergence', `${lanes.length} of ${places.laneCount} lanes are asked together`);
          throw new Stop();
        }
        // Every lane evaluates its own: what it reads is checked.
        const found = lanes.filter((l) => value(l) !== 0).length > 0 ? 1 : 0;
        for (const l of lanes) l.slots[slot] = found;
      };
    }
    case 'mma': {
      const local = (name: string): number => localOf(name, places);
      const [dOffset, aOffset, bOffset] = [s.dOffset, s.aOffset, s.bOffset].map((e) =>
        compileExpr(e, places),
      );
      const parts = {
        d: local(s.d),
        a: local(s.a),
        b: local(s.b),
        dOffset: dOffset!,
        aOffset: aOffset!,
        bOffset: bOffset!,
      };
      return byWarp('mma', places, (warp) => {
        const inside = warp.every(
          (l) =>
            fits(l, parts.d, parts.dOffset(l), 4, s.d, places) &&
            fits(l, parts.a, parts.aOffset(l), 4, s.a, places) &&
            fits(l, parts.b, parts.bOffset(l), 2, s.b, places),
        );
        if (inside) mma(s.storage, warp, parts);
      });
    }
    case 'ldmatrix':
      return compileLdmatrix(s, places);
    case 'matrix':
      return byGroup('matrix', places.subgroup, places, compileMatrix(s.op, places));
    default:
      throw new CompilerBug('kernel interpreter', `${s.kind} is not collective`);
  }
}

type Run = (group: readonly Lane[]) => void;

/** Runs a collective for each warp; a warp of which only some lanes are active has diverged. */
const byWarp = (what: string, places: StatementPlaces, run: Run): GroupStep =>
  byGroup(what, WARP, { ...places, laneCount: Infinity }, run);

/** Runs a collective for each group of `size` consecutive lanes; the last one may have fewer where the workgroup ends. */
function byGroup(
  what: string,
  size: number,
  places: Pick<StatementPlaces, 'laneCount' | 'report'>,
  run: Run,
): GroupStep {
  return (lanes) => {
    for (let n = 0; n < lanes.length;) {
      const first = lanes[n]!.number;
      const start = first - (first % size);
      const group = lanes.slice(n, n + size).filter((l) => l.number < start + size);
      const whole = Math.min(size, places.laneCount - start);
      if (group.length !== whole) {
        places.report.add(
          'divergence',
          `${group.length} of ${whole} lanes of group ${start / size} reach a ${what}`,
        );
        throw new Stop();
      }
      run(group);
      n += group.length;
    }
  };
}

function compileLdmatrix(s: Extract<Stmt, { kind: 'ldmatrix' }>, places: StatementPlaces): GroupStep {
  const memory = places.memory(s.shared);
  if (!(memory instanceof SharedMemory)) {
    throw new CompilerBug('kernel interpreter', `ldmatrix reads ${s.shared}`);
  }
  const { storage } = memory;
  if (!isPacked(storage)) throw new CompilerBug('kernel interpreter', `ldmatrix reads ${s.shared}`);
  const row = ROW_BYTES / STORAGE[storage].bytes;
  const into = localOf(s.into, places);
  const index = compileExpr(s.index, places);
  const offset = compileExpr(s.intoOffset, places);
  return byWarp('ldmatrix', places, (warp) => {
    const starts = warp.map((l) => {
      const at = index(l);
      if (at % row !== 0) {
        places.report.add(
          'alignment',
          `lane ${l.number} loads a row of ${s.shared} at ${at}, not a multiple of ${row}`,
        );
      }
      return at;
    });
    if (!warp.every((l) => fits(l, into, offset(l), 4, s.into, places))) return;
    ldmatrix(
      storage,
      s.transpose,
      (matrix, row, column) => {
        const owner = matrix * 8 + row;
        return memory.load(starts[owner]! + column, warp[owner]!.number);
      },
      (lane, matrix, word) => {
        const l = warp[lane]!;
        l.arrays[into]![offset(l) + matrix] = word;
      },
    );
  });
}

function localOf(name: string, places: StatementPlaces): number {
  const local = places.local(name);
  if (local === undefined) throw new CompilerBug('kernel interpreter', `${name} is no local array`);
  return local;
}

function fits(
  l: Lane,
  local: number,
  at: number,
  count: number,
  name: string,
  places: StatementPlaces,
): boolean {
  const { length } = l.arrays[local]!;
  if (at >= 0 && at + count <= length) return true;
  places.report.add('out-of-bounds', `lane ${l.number} uses ${name}[${at}…${at + count - 1}] of ${length}`);
  return false;
}
