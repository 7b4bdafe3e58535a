/** Several pairs after one flag. */
import { describe, expect, it } from 'vitest';
import { repeatFlags } from '../../src/cli/repeat-flags.ts';

describe('pairs after a flag', () => {
  it.each([
    ['explain f.attn --set N=1 M=2 --json', 'explain f.attn --set N=1 --set M=2 --json'],
    ['run --in q=q.npy k=k.npy f.attn', 'run --in q=q.npy --in k=k.npy f.attn'],
    ['run --set N=1 f.attn M=2', 'run --set N=1 f.attn M=2'],
    ['run f.attn --in all.safetensors w=3', 'run f.attn --in all.safetensors w=3'],
    ['viz --tile 4,4 a=1 -p w=1 v=2 -o x.svg', 'viz --tile 4,4 a=1 -p w=1 -p v=2 -o x.svg'],
  ])('%s', (given, meant) => expect(repeatFlags(given.split(' ')).join(' ')).toBe(meant));
});
