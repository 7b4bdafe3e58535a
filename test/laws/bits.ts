/** Equality of results bit for bit. */
import type { SpecCase } from '../support/spec-arbitrary.ts';
import { demand } from './law.ts';

type Results = Readonly<Record<string, Float64Array>>;

export function sameBits(before: Results, after: Results, c: SpecCase): void {
  for (const [name, values] of Object.entries(before)) {
    const at = values.findIndex((x, n) => !Object.is(x, after[name]![n]!));
    demand(at < 0, () => `${name}[${at}] is ${after[name]![at]}, was ${values[at]}\n${c.text}`);
  }
}
