/** Plain data as an expression of JavaScript. */

/** Like JSON, but infinities and NaN, which constants of a kernel can be, are written as what they are. */
export function literal(value: unknown): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const rows = Object.entries(value).flatMap(([key, v]) =>
    v === undefined ? [] : [`${JSON.stringify(key)}: ${literal(v)}`],
  );
  return `{ ${rows.join(', ')} }`;
}
