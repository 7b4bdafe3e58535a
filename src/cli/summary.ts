/** A tensor in one line. */
import { shapeText, tensorValues, type Tensor } from '../runtime/tensor.ts';

/** Type, shape, and enough numbers to see at a glance whether something is off. */
export function summary(t: Tensor): string {
  const values = tensorValues(t);
  const head = `${t.dtype}${shapeText(t.shape)}`;
  if (values.length === 0) return `${head}, empty`;
  let least = Infinity;
  let greatest = -Infinity;
  let odd = 0;
  for (const x of values) {
    if (!Number.isFinite(x)) odd++;
    else {
      least = Math.min(least, x);
      greatest = Math.max(greatest, x);
    }
  }
  const range = odd === values.length ? '' : `, ${short(least)} … ${short(greatest)}`;
  const first = [...values.slice(0, 4)].map(short).join(' ');
  return `${head}${range}${odd > 0 ? `, ${odd} not finite` : ''}, starts ${first}`;
}
const short = (x: number): string => (Number.isInteger(x) ? String(x) : x.toPrecision(5));
