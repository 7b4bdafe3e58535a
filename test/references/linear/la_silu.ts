/** Features x sigmoid(x). */
import { silu } from '../arrays.ts';
import { mappedCase } from './mapped.ts';

export const cases = [
  mappedCase({ example: 'la_silu', fixed: { D: 6, E: 5 }, features: [6], map: (x) => x.map(silu) }),
];
