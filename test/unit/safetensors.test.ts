import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/diagnostics/diagnostic.ts';
import { randomFrom } from '../../src/runtime/random.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/runtime/safetensors.ts';
import { DTYPES, tensorFrom, type DType, type Tensor } from '../../src/runtime/tensor.ts';

function file(header: unknown, data: readonly number[] = []): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + text.length + data.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
  out.set(text, 8);
  out.set(data, 8 + text.length);
  return out;
}
const entry = (dtype: string, shape: unknown, begin: number, end: number): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('safetensors', () => {
  it('keeps every element type', () => {
    const tensors = new Map<string, Tensor>();
    for (const dtype of Object.keys(DTYPES) as DType[])
      tensors.set(`t.${dtype}`, tensorFrom(dtype, [1, 3], [1, 0, 1]));
    tensors.set('empty', tensorFrom('f32', [0, 4], []));
    tensors.set('__proto__', tensorFrom('f32', [], [2]));
    const archive = decodeSafetensors(encodeSafetensors(tensors), 'x');
    for (const name of archive.names) expect(archive.get(name)).toEqual(tensors.get(name));
    expect(archive.get('nothing')).toBeUndefined();
  });

  it('reads a hand-made file with metadata and reordered entries', () => {
    const bytes = file(
      { __metadata__: { made: 'by hand' }, b: entry('I16', [2], 4, 8), a: entry('F32', [], 0, 4) },
      [0, 0, 128, 63, 1, 0, 255, 255],
    );
    const archive = decodeSafetensors(bytes, 'x');
    expect(archive.get('a')).toEqual(tensorFrom('f32', [], [1]));
    expect(archive.get('b')).toEqual(tensorFrom('i16', [2], [1, -1]));
  });

  it.each([
    [new Uint8Array(3), 'E0705', /at least 8 bytes/],
    [file({}).slice(0, 9), 'E0705', /ends inside the header/],
    [Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 1]), 'E0709', /claims/],
    [file('{'), 'E0709', /not JSON/],
    [file([1]), 'E0709', /not an object/],
    [file({ a: 1 }), 'E0709', /entry of "a" is malformed/],
    [file({ a: entry('F32', [-1], 0, 4) }, [0, 0, 0, 0]), 'E0709', /malformed/],
    [file({ a: entry('F32', [1e9, 1e9], 0, 4) }, [0, 0, 0, 0]), 'E0709', /malformed/],
    [file({ a: entry('F32', [2], 0, 4) }, [0, 0, 0, 0]), 'E0709', /needs 8 bytes/],
    [file({ a: entry('F32', [1], 4, 8) }, [0, 0, 0, 0, 0, 0, 0, 0]), 'E0709', /gap or an overlap/],
    [file({ a: entry('U8', [2], 0, 2), b: entry('U8', [2], 1, 3) }, [0, 0, 0]), 'E0709', /gap or an overlap/],
    [
      file({ a: entry('F32', [2], 0, 8) }, [0, 0, 0, 0]),
      'E0705',
      /truncated: its tensors need 8 bytes, it has 4/,
    ],
    [file({ a: entry('U8', [1], 0, 1) }, [0, 0]), 'E0709', /1 bytes follow/],
    [file({ a: entry('F4', [1], 0, 1) }, [0]), 'E0706', /F4/],
  ] as const)('refuses damaged files (%#)', (bytes, code, message) => {
    let error: unknown;
    try {
      decodeSafetensors(bytes, 'x.safetensors').get('a');
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).diagnostic.code).toBe(code);
    expect((error as UserError).message).toMatch(message);
  });

  it('does not mind an unsupported tensor that nobody asks for', () => {
    const bytes = file({ odd: entry('F4', [1], 0, 1), a: entry('U8', [1], 1, 2) }, [0, 9]);
    expect(decodeSafetensors(bytes, 'x').get('a')).toEqual(tensorFrom('u8', [1], [9]));
  });

  it('gives tensors or a UserError for any corruption', () => {
    const good = encodeSafetensors(
      new Map([
        ['a', tensorFrom('f32', [2, 2], [1, 2, 3, 4])],
        ['b', tensorFrom('bool', [1], [1])],
      ]),
    );
    const random = randomFrom(9);
    let refused = 0;
    for (let n = 0; n < 2000; n++) {
      const bad = good.slice(0, random.pick([good.length, random.int(0, good.length)]));
      for (let k = random.int(0, 3); k > 0; k--) bad[random.int(0, bad.length)] = random.int(0, 255);
      try {
        const archive = decodeSafetensors(bad, 'x');
        for (const name of archive.names) archive.get(name);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});
