/** Short texts for numbers, the same on every machine. */

/** The shortest decimal text that rounds to the same f32; always with a point or an exponent. Finite values only. */
export function shortestF32(value: number): string {
  const target = Math.fround(value);
  for (let digits = 1; digits <= 9; digits++) {
    const candidate = Number(target.toPrecision(digits));
    if (Math.fround(candidate) === target) return withPoint(candidate, target);
  }
  return withPoint(target, target);
}

function withPoint(candidate: number, target: number): string {
  if (candidate === 0) return Object.is(target, -0) ? '-0.0' : '0.0';
  const text = String(candidate).replace('e+', 'e');
  return /[.e]/.test(text) ? text : `${text}.0`;
}
