/**
 * Machine instructions of a cubin, read without NVIDIA's disassembler: a 64-bit ELF file with a section `.text.NAME` per
 * kernel, 16 bytes per instruction (compute capability 7.0 and later). The low 12 bits say which instruction it is, bits
 * 73 to 75 of a load or store how wide it is.
 */

const NAMES: Readonly<Record<number, string>> = {
  0x23c: 'HMMA',
  0x237: 'IMMA',
  0x83b: 'LDSM',
  0xfae: 'LDGSTS',
  0x981: 'LDG',
  0x986: 'STG',
  0x983: 'LDL',
  0x387: 'STL',
  0x308: 'MUFU',
};
/** Bits of memory that an access moves per thread, by the width field; 0 to 3 are bytes and halves. */
const WIDTHS = [8, 8, 16, 16, 32, 64, 128, 128] as const;
const MEMORY = new Set(['LDGSTS', 'LDG', 'STG', 'LDL', 'STL']);

/** How often each instruction occurs; accesses to memory by their width as well: `LDGSTS.128`. */
export type Census = Readonly<Record<string, number>>;

/** @returns by kernel */
export function instructions(cubin: Uint8Array): ReadonlyMap<string, Census> {
  const view = new DataView(cubin.buffer, cubin.byteOffset, cubin.byteLength);
  const table = Number(view.getBigUint64(0x28, true));
  const section = (n: number) => {
    const at = table + n * 64;
    const [offset, size] = [at + 24, at + 32].map((o) => Number(view.getBigUint64(o, true)));
    return { name: view.getUint32(at, true), offset: offset!, size: size! };
  };
  const names = section(view.getUint16(0x3e, true)).offset;
  const text = (at: number): string => {
    const end = cubin.indexOf(0, names + at);
    return Buffer.from(cubin.subarray(names + at, end)).toString('latin1');
  };
  const out = new Map<string, Census>();
  for (let n = 0; n < view.getUint16(0x3c, true); n++) {
    const s = section(n);
    const name = text(s.name);
    if (name.startsWith('.text.')) out.set(name.slice('.text.'.length), census(view, s.offset, s.size));
  }
  return out;
}

function census(view: DataView, from: number, size: number): Census {
  const count: Record<string, number> = {};
  for (let at = from; at < from + size; at += 16) {
    const name = NAMES[view.getUint32(at, true) & 0xfff];
    if (name === undefined) continue;
    const width = WIDTHS[(view.getUint32(at + 8, true) >> 9) & 7]!;
    const id = MEMORY.has(name) ? `${name}.${width}` : name;
    count[id] = (count[id] ?? 0) + 1;
  }
  return count;
}

/** What one multiprocessor of compute capability 9.0 has. */
const MULTIPROCESSOR = { registers: 65_536, shared: 228 * 1024, warps: 64, blocks: 32 };

/** Workgroups that fit one multiprocessor: registers come in eights per lane, and each workgroup takes 1 KiB besides. */
export function workgroupsAtOnce(registers: number, lanes: number, sharedBytes: number): number {
  const { registers: all, shared, warps, blocks } = MULTIPROCESSOR;
  return Math.min(
    Math.floor(all / (Math.ceil(registers / 8) * 8 * lanes)),
    Math.floor(shared / (sharedBytes + 1024)),
    Math.floor(warps / (lanes / 32)),
    blocks,
  );
}
