/** Matrix units of subgroups: products a · b + c of small matrices of fixed shapes and types. */

export const UNIT_TYPES = ['f16', 'f32'] as const;
export type UnitType = (typeof UNIT_TYPES)[number];

/** A product that the unit does: m × k times k × n, added to m × n. */
export interface MatrixUnit {
  /** Of the elements that are multiplied. */
  readonly component: UnitType;
  /** Of the elements that products are added to. */
  readonly result: UnitType;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

const FORM = /^(f16|f32)-(f16|f32):(\d+)x(\d+)x(\d+)$/;
const SIDES = [4, 8, 16, 32, 64];

/** `f16-f32:16x16x16`: components, results, then m, n and k. */
export const printUnit = ({ component, result, m, n, k }: MatrixUnit): string =>
  `${component}-${result}:${m}x${n}x${k}`;

/** The unit that a text names, or undefined where it names none. */
export function parseUnit(text: string): MatrixUnit | undefined {
  const found = FORM.exec(text);
  if (!found) return undefined;
  const [component, result] = [found[1] as UnitType, found[2] as UnitType];
  const [m, n, k] = found.slice(3).map(Number) as [number, number, number];
  return [m, n, k].every((x) => SIDES.includes(x)) ? { component, result, m, n, k } : undefined;
}

export const sameUnit = (a: MatrixUnit, b: MatrixUnit): boolean => printUnit(a) === printUnit(b);
