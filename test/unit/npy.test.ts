import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/diagnostics/diagnostic.ts';
import { decodeNpy, encodeNpy } from '../../src/runtime/npy.ts';
import { decodeNpz, encodeNpz } from '../../src/runtime/npz.ts';
import { randomFrom } from '../../src/runtime/random.ts';
import { DTYPES, tensorFrom, tensorValues, type DType } from '../../src/runtime/tensor.ts';

/** A .npy file made by hand, as NumPy lays it out. */
function npy(header: string, data: ArrayLike<number>, version = 1): Uint8Array {
  const text = new TextEncoder().encode(header + '\n');
  const prefix = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, text.length & 255, text.length >> 8];
  if (version > 1) prefix.push(0, 0);
  return Uint8Array.from([...prefix, ...text, ...Array.from(data)]);
}
const dict = (descr: string, shape: string, fortran = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

/** First bytes of `np.save(f, np.array([[1, 2], [3, 4]], np.float16))` from NumPy 2.4.6. */
const NUMPY_F16 =
  '934e554d5059010076007b276465736372273a20273c6632272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028322c2032292c207d' +
  '20'.repeat(58) +
  '0a' +
  '003c004000420044';

describe('.npy', () => {
  it('reads what NumPy writes and writes the same bytes', () => {
    const file = Uint8Array.from(Buffer.from(NUMPY_F16, 'hex'));
    const t = decodeNpy(file, 'x.npy');
    expect(t).toMatchObject({ dtype: 'f16', shape: [2, 2] });
    expect([...tensorValues(t)]).toEqual([1, 2, 3, 4]);
    expect(Buffer.from(encodeNpy(t)).toString('hex')).toBe(NUMPY_F16);
  });

  it('refuses to write what NumPy has no type for', () => {
    for (const dtype of ['e4m3', 'e5m2'] as const)
      expect(() => encodeNpy(tensorFrom(dtype, [1], [1]))).toThrow(/NumPy has no type for e/);
  });

  const named = (Object.keys(DTYPES) as DType[]).filter((d) => d !== 'e4m3' && d !== 'e5m2');
  it.each(named)('keeps %s through a round trip', (dtype) => {
    for (const shape of [[], [3], [2, 3], [0, 4], [1, 1, 6]]) {
      const count = shape.reduce((a, b) => a * b, 1);
      const t = tensorFrom(
        dtype,
        shape,
        Array.from({ length: count }, (_, n) => n % 2),
      );
      expect(decodeNpy(encodeNpy(t), 'x')).toEqual(t);
      expect(encodeNpy(t).length % 64).toBe((count * DTYPES[dtype].bytes) % 64);
    }
  });

  it('transposes Fortran order', () => {
    const t = decodeNpy(npy(dict('|u1', '(2, 3)', 'True'), [1, 4, 2, 5, 3, 6]), 'x');
    expect([...tensorValues(t)]).toEqual([1, 2, 3, 4, 5, 6]);
    const cube = decodeNpy(npy(dict('|u1', '(2, 2, 2)', 'True'), [0, 4, 2, 6, 1, 5, 3, 7]), 'x');
    expect([...tensorValues(cube)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('swaps big-endian data', () => {
    expect([
      ...tensorValues(decodeNpy(npy(dict('>i4', '(2,)'), [0, 0, 1, 0, 255, 255, 255, 254]), 'x')),
    ]).toEqual([256, -2]);
  });

  it.each([1, 2, 3])('reads version %i headers', (version) => {
    expect([...tensorValues(decodeNpy(npy(dict('|i1', '(1,)'), [255], version), 'x'))]).toEqual([-1]);
  });

  it('takes ml_dtypes bfloat16', () => {
    for (const descr of ['<V2', '|V2', 'bfloat16'])
      expect([...tensorValues(decodeNpy(npy(dict(descr, '(1,)'), [0x80, 0x3f]), 'x'))]).toEqual([1]);
  });

  it.each([
    ['', 'E0704', /not a .npy/],
    ['hello, this is not a tensor', 'E0704', /not a .npy/],
    [
      npy(dict('<f4', '(2,)'), [0, 0, 0, 0]),
      'E0705',
      /truncated: shape \[2\] of f32 needs 8 bytes of data, the file has 4/,
    ],
    [npy(dict('<f4', '(1,)'), [0, 0, 0, 0, 0]), 'E0705', /too long/],
    [npy(dict('<f4', '(1,)'), []).slice(0, 30), 'E0705', /ends inside the header/],
    [npy(dict('<c8', '(1,)'), [0, 0, 0, 0, 0, 0, 0, 0]), 'E0706', /'<c8'/],
    [
      npy(`{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }`, [0, 0, 0, 0]),
      'E0706',
      /records/,
    ],
    [npy(dict('<f4', '(-1,)'), []), 'E0704', /malformed shape/],
    [npy(dict('<f4', '(999999999999999, 999999999999999)'), []), 'E0704', /impossible size/],
    [npy(`{'descr': '<f4'}`, []), 'E0704', /lacks/],
    [npy(dict('<f4', '(1,)'), [0, 0, 0, 0], 9), 'E0704', /version 9/],
  ])('refuses damaged files (%#)', (file, code, message) => {
    const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : file;
    let error: unknown;
    try {
      decodeNpy(bytes, 'x.npy');
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).diagnostic.code).toBe(code);
    expect((error as UserError).message).toMatch(message);
  });

  it('gives a tensor or a UserError for any corruption', () => {
    const good = encodeNpy(tensorFrom('f32', [2, 3], [1, 2, 3, 4, 5, 6]));
    const random = randomFrom(5);
    let refused = 0;
    for (let n = 0; n < 2000; n++) {
      const bad = good.slice(0, random.pick([good.length, random.int(0, good.length)]));
      for (let k = random.int(0, 3); k > 0; k--) bad[random.int(0, bad.length)] = random.int(0, 255);
      try {
        tensorValues(decodeNpy(bad, 'x'));
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});

describe('.npz', () => {
  const tensors = new Map([
    ['q', tensorFrom('f16', [2], [1, 2])],
    ['ids', tensorFrom('i32', [1, 1], [7])],
  ]);

  it('keeps named tensors, stored or compressed', () => {
    const archive = decodeNpz(encodeNpz(tensors), 'x.npz');
    expect(archive.names).toEqual(['q', 'ids']);
    expect(archive.get('q')).toEqual(tensors.get('q'));
    expect(archive.get('nothing')).toBeUndefined();
    const packed = zipSync({ 'a.npy': encodeNpy(tensors.get('ids')!) }, { level: 9 });
    expect(decodeNpz(packed, 'x.npz').get('a')).toEqual(tensors.get('ids'));
  });

  it('writes the same bytes each time', () => {
    expect(encodeNpz(tensors)).toEqual(encodeNpz(tensors));
  });

  it('refuses damage with a UserError', () => {
    const good = encodeNpz(tensors);
    expect(() => decodeNpz(good.slice(0, good.length - 30), 'x.npz')).toThrow(/x.npz is not a readable .npz/);
    const random = randomFrom(6);
    for (let n = 0; n < 500; n++) {
      const bad = good.slice();
      for (let k = 0; k < 4; k++) bad[random.int(0, bad.length - 1)] = random.int(0, 255);
      try {
        const archive = decodeNpz(bad, 'x.npz');
        for (const name of archive.names) archive.get(name);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }
  });
});
