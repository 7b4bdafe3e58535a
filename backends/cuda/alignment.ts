/** Where tensors must begin: several elements at once are read and written only at multiples of their size. */
import type { Program } from '../../src/kernel/kernel.ts';
import { launchesOf } from '../../src/kernel/launches.ts';
import { visitStmts } from '../../src/kernel/walk.ts';

const COPY_BYTES = 16;
const WORD_BYTES = 4;

/** Bytes of which the place of a tensor must be a multiple, for tensors that are not accessed element by element alone. */
export function alignments(program: Program): ReadonlyMap<string, number> {
  const out = new Map<string, number>();
  const ask = (name: string, bytes: number): void => {
    out.set(name, Math.max(bytes, out.get(name) ?? 1));
  };
  for (const { kernel, tensor } of launchesOf(program)) {
    const buffers = new Set(kernel.buffers.map((b) => b.name));
    visitStmts(kernel.body, (s) => {
      if (s.kind === 'copy') ask(tensor(s.buffer), COPY_BYTES);
      if (s.kind === 'word' || s.kind === 'words') ask(tensor(s.buffer), WORD_BYTES);
      if (s.kind === 'stores' && buffers.has(s.name)) ask(tensor(s.name), WORD_BYTES);
    });
  }
  return out;
}
