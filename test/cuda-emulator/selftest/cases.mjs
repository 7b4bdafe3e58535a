// The kernels of the self-test, their launches, what they must compute, and which report each
// planted bug must cause.

const floats = (n, f) => Float32Array.from({ length: n }, (_, i) => f(i));
const ints = (n, f) => Int32Array.from({ length: n }, (_, i) => f(i));
const shorts = (n, f) => Uint16Array.from({ length: n }, (_, i) => f(i));

/** Bytes of 4-byte fields, each `[kind, value]`. */
const fields = (...list) => {
  const bytes = Buffer.alloc(list.length * 4);
  list.forEach(([kind, value], i) =>
    kind === 'f' ? bytes.writeFloatLE(value, i * 4) : bytes.writeInt32LE(value, i * 4),
  );
  return bytes;
};

/** Small integers are exact in both 16-bit formats. */
const f16 = (v) => {
  if (v === 0) return 0;
  const e = Math.floor(Math.log2(Math.abs(v)));
  return (v < 0 ? 0x8000 : 0) | ((e + 15) << 10) | Math.round((Math.abs(v) / 2 ** e - 1) * 1024);
};
const bf16 = (v) => new Uint32Array(Float32Array.of(v).buffer)[0] >>> 16;

const matrixA = (r, k) => ((r * 7 + k * 3) % 11) - 5;
const matrixB = (k, c) => ((k * 5 + c * 2) % 9) - 4;
const product = floats(128, (i) => {
  let sum = 0;
  for (let k = 0; k < 16; k++) sum += matrixA(i >> 3, k) * matrixB(k, i & 7);
  return sum;
});
const mmaCase = (name, convert, bf) => ({
  name,
  kernel: 'mma_tile',
  buffers: [
    { name: 'a', data: shorts(256, (i) => convert(matrixA(i >> 4, i & 15))) },
    { name: 'b', data: shorts(128, (i) => convert(matrixB(i >> 3, i & 7))) },
    { name: 'c', bytes: 512, options: 'undefined out' },
  ],
  launch: { grid: '1 1 1', block: '32 1 1', shared: 768 },
  args: ['a', 'b', 'c', fields(['i', bf])],
  expected: { c: product },
});

const n = 1000;
const blockValues = floats(n * 4, (i) => (i % 7) - 3);
const blockTotals = floats(8, (b) => {
  let sum = 0;
  for (let i = b * 512; i < Math.min(n * 4, (b + 1) * 512); i++) sum += blockValues[i];
  return sum;
});
let positives = 0;
for (let i = 0; i < n; i++) positives += blockValues[i * 4] > 0 ? 1 : 0;

const rows = 7;
const stageValues = floats(rows * 512, (i) => (i % 13) - 6);
const stageSums = floats(512, (c) => {
  let sum = 0;
  for (let r = 0; r < rows; r++) sum += stageValues[r * 512 + c];
  return sum * 0.5;
});

const partner = (t) => (t & ~31) | (31 - (t & 31));
const exchanged = (t) => 10 + partner(t) + 2;
let warpTotal = 0;
for (let t = 0; t < 96; t++) {
  const lane = t & 31;
  const swapped = (u) => exchanged(u ^ 1);
  warpTotal += swapped(t) + (lane < 16 ? swapped(lane > 0 ? t - 1 : t) : 0);
}

const sign = (r, k, m) => ((r * 5 + k * 3) % m) - 1;
const chained = floats(64 * 64, (i) => {
  let total = 0;
  for (let j = 0; j < 16; j++) {
    let sum = 0;
    for (let k = 0; k < 192; k++) sum += sign(i >> 6, k, 3) * sign(j, k, 4) * (k % 2);
    total += sum * sign(j, i & 63, 5);
  }
  return total;
});

export const cases = [
  {
    name: 'vector_add',
    kernel: 'vector_add',
    buffers: [
      { name: 'x', data: shorts(n, (i) => f16((i % 5) - 2)) },
      { name: 'y', data: floats(n, (i) => i), options: 'out' },
      { name: 'scratch', bytes: 28, options: 'undefined' },
    ],
    launch: { grid: '8 1 1', block: '128 1 1' },
    args: ['x', 'y', 'scratch', fields(['i', n], ['i', 1], ['f', 3])],
    expected: { y: floats(n, (i) => i + 3 * ((i % 5) - 2)) },
    mutants: [
      {
        id: 1,
        kinds: ['out-of-bounds'],
        fast: ['out-of-bounds'],
        says: /byte \d+ of [xy], which has .* at vector_add\.cu:\d+/,
      },
      { id: 2, kinds: ['division'], fast: ['division'] },
      { id: 3, kinds: ['uninitialised', 'race'] },
      { id: 4, kinds: ['race'], says: /blocks \d+ and \d+/ },
      { id: 5, kinds: ['stack-overflow'], fast: ['stack-overflow'] },
      { id: 6, kinds: ['out-of-bounds'], says: /index 4 of an array/ },
      { id: 7, kinds: ['misaligned'] },
    ],
  },
  {
    name: 'block_reduce',
    kernel: 'block_reduce',
    buffers: [
      { name: 'x', data: blockValues },
      { name: 'sums', bytes: 32, options: 'undefined out' },
      { name: 'counts', bytes: 4, options: 'fill 0 out' },
    ],
    launch: { grid: '8 1 1', block: '128 1 1' },
    args: ['x', 'sums', 'counts', fields(['i', n])],
    expected: { sums: blockTotals, counts: ints(1, () => positives) },
    mutants: [
      { id: 1, kinds: ['race'], says: /block_sum.*part\+\d+: thread \d+ at block_reduce\.cu:\d+/ },
      { id: 2, kinds: ['barrier-divergence'], fast: ['barrier-divergence'] },
      {
        id: 3,
        kinds: ['barrier-divergence', 'warp-divergence', 'deadlock'],
        fast: ['barrier-divergence', 'warp-divergence', 'deadlock'],
      },
      { id: 4, kinds: ['uninitialised'] },
      { id: 5, kinds: ['out-of-bounds'] },
      { id: 6, kinds: ['barrier-divergence'], fast: ['barrier-divergence'], says: /threads have exited/ },
      { id: 7, kinds: ['race'] },
    ],
  },
  {
    ...mmaCase('mma_tile f16', f16, 0),
    mutants: [
      { id: 1, kinds: ['misaligned'], fast: ['misaligned'] },
      { id: 2, kinds: ['deadlock'], fast: ['deadlock'] },
    ],
  },
  mmaCase('mma_tile bf16', bf16, 1),
  {
    name: 'async_stages',
    kernel: 'async_stages',
    buffers: [
      { name: 'x', data: stageValues },
      { name: 'y', bytes: 2048, options: 'out' },
    ],
    launch: { grid: '1 1 1', block: '128 1 1', shared: 4096 },
    args: ['x', 'y', fields(['i', rows], ['f', 0.5])],
    expected: { y: stageSums },
    mutants: [
      { id: 1, kinds: ['race'], says: /\(async copy\)/ },
      { id: 2, kinds: ['race'] },
      { id: 3, kinds: ['race'] },
      { id: 4, kinds: ['out-of-bounds'], fast: ['out-of-bounds'] },
      { id: 5, kinds: ['out-of-bounds'] },
    ],
  },
  {
    name: 'warp_sync',
    kernel: 'warp_sync',
    buffers: [
      { name: 'x', data: ints(96, (i) => 10 + i) },
      { name: 'y', bytes: 384, options: 'out' },
      { name: 'total', bytes: 8, options: 'fill 0 out' },
    ],
    launch: { grid: '1 1 1', block: '96 1 1' },
    args: ['x', 'y', 'total'],
    expected: { y: ints(96, exchanged), total: ints(2, (i) => (i ? 0 : warpTotal)) },
    mutants: [
      { id: 1, kinds: ['race'] },
      { id: 2, kinds: ['race'] },
      { id: 3, kinds: ['warp-mask'], fast: ['warp-mask'] },
      { id: 4, kinds: ['deadlock'], fast: ['deadlock'] },
      { id: 5, kinds: ['schedule-dependence'], fast: ['schedule-dependence'] },
      { id: 6, kinds: ['out-of-bounds'], fast: ['out-of-bounds'] },
    ],
  },
  {
    name: 'warpgroups',
    kernel: 'warpgroups',
    buffers: [
      { name: 'a', data: shorts(64 * 192, (i) => bf16(sign(Math.floor(i / 192), i % 192, 3))) },
      { name: 'b', data: shorts(16 * 192, (i) => bf16(sign(Math.floor(i / 192), i % 192, 4) * (i % 2))) },
      { name: 'v', data: shorts(16 * 64, (i) => bf16(sign(i >> 6, i & 63, 5))) },
      { name: 'y', bytes: 64 * 64 * 4, options: 'undefined out' },
    ],
    launch: { grid: '1 1 1', block: '256 1 1', shared: 22568 },
    args: [
      { map: 'a 2 128 2 192 64 384 64 64' },
      { map: 'b 2 128 2 192 16 384 64 16' },
      { map: 'v 2 128 2 64 16 128 64 16' },
      'y',
    ],
    expected: { y: chained },
    mutants: [
      { id: 1, kinds: ['race'], fast: ['mbarrier'], says: /\(async copy\)/ },
      { id: 2, kinds: ['race', 'deadlock'], fast: ['mbarrier', 'deadlock'] },
      { id: 3, kinds: ['race'] },
      { id: 4, kinds: ['race'], says: /\(async copy\)/ },
      { id: 5, kinds: ['race'] },
      { id: 6, kinds: ['deadlock', 'mbarrier'], fast: ['deadlock', 'mbarrier'] },
      { id: 7, kinds: ['race', 'uninitialised'] },
      { id: 8, kinds: ['wgmma'], fast: ['wgmma'] },
      { id: 9, kinds: ['schedule-dependence', 'race'], fast: ['schedule-dependence'] },
      { id: 10, kinds: ['mbarrier'], fast: ['mbarrier'] },
      { id: 11, kinds: ['wgmma'], fast: ['wgmma'] },
      { id: 12, kinds: ['out-of-bounds'], fast: ['out-of-bounds'] },
    ],
  },
  {
    name: 'bytes',
    kernel: 'bytes',
    buffers: [
      { name: 'x', data: Uint8Array.from({ length: 64 }, (_, i) => i) },
      { name: 'y', bytes: 64, options: 'undefined out' },
    ],
    launch: { grid: '1 1 1', block: '64 1 1' },
    args: ['x', 'y'],
    expected: { y: Uint8Array.from({ length: 64 }, (_, i) => (i ^ 1) + 1) },
    mutants: [
      { id: 1, kinds: ['race'], says: /write\/write race on y\+\d+/ },
      { id: 2, kinds: ['race'], says: /race on .*part\+\d+/ },
    ],
  },
];
