/** The hybrid whose softmax covers the query's block of keys and the block before. */
import { referenceCase } from '../case.ts';
import { inputs, terraced } from './lolcats.ts';

export const cases = [
  { width: 8, affine: true },
  { width: 64, affine: false },
].map(({ width, affine }) =>
  referenceCase({
    example: 'lolcats_tk',
    variant: `blocks of ${width}`,
    consts: { affine: +affine },
    fixed: { D: 4, E: 5, F: 2 },
    params: { width },
    inputs,
    reference: (given, sizes) =>
      terraced(given, sizes, (t, j) => Math.floor(j / width) >= Math.floor(t / width) - 1, affine),
  }),
);
