/** Sizes as sliders, params as fields. */
import { element } from '../dom.ts';
import type { Choice, Numbers, Outline } from '../protocol.ts';

/** What sliders stop at: powers of two, what lies between, and single elements. */
const STEPS = [
  1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192,
  12288, 16384, 24576, 32768, 49152, 65536,
]; // prettier-ignore
/** Lanes hold vectors of a fixed size. */
const LONGEST_VECTOR = 256;

const nearest = (value: number): number =>
  STEPS.reduce((best, x, n) => (Math.abs(x - value) < Math.abs(STEPS[best]! - value) ? n : best), 0);

export interface Chosen {
  readonly sizes: Numbers;
  readonly params: Numbers;
}

function slider(c: Choice, set: (value: number) => void): HTMLElement {
  const most = c.fixed ? STEPS.indexOf(LONGEST_VECTOR) : STEPS.length - 1;
  const range = element('input', {
    type: 'range', min: 0, max: most, step: 1, value: nearest(c.value), 'aria-label': `Size ${c.name}`, 'aria-valuetext': c.value,
  }); // prettier-ignore
  const field = element('input', {
    type: 'number', min: 1, max: 1 << 20, step: 1, value: c.value, 'aria-label': `Size ${c.name}, exactly`,
  }); // prettier-ignore
  range.addEventListener('input', () => {
    const value = STEPS[range.valueAsNumber]!;
    range.setAttribute('aria-valuetext', String(value));
    field.value = String(value);
    set(value);
  });
  field.addEventListener('change', () => {
    const value = Math.max(1, Math.min(1 << 20, Math.round(field.valueAsNumber) || 1));
    field.value = String(value);
    range.value = String(nearest(value));
    range.setAttribute('aria-valuetext', String(value));
    set(value);
  });
  const note = c.fixed ? element('small', {}, 'fixed') : '';
  return element(
    'div',
    { class: 'number' },
    element('span', { class: 'name' }, c.name, ' ', note),
    range,
    field,
  );
}

function paramField(c: Choice, set: (value: number) => void): HTMLElement {
  const label = `Param ${c.name}`;
  if (c.type === 'bool') {
    const box = element('input', { type: 'checkbox', checked: c.value !== 0, 'aria-label': label });
    box.addEventListener('change', () => set(box.checked ? 1 : 0));
    return element('div', { class: 'number' }, element('span', { class: 'name' }, c.name), box);
  }
  const step = c.type === 'f32' ? 'any' : 1;
  const field = element('input', { type: 'number', step, value: c.value, 'aria-label': label });
  field.addEventListener('change', () => {
    if (!Number.isNaN(field.valueAsNumber)) set(field.valueAsNumber);
  });
  return element(
    'div',
    { class: 'number' },
    element('span', { class: 'name' }, c.name, ' ', element('small', {}, c.type ?? '')),
    field,
  );
}

/**
 * Fills the form of numbers.
 * @param changed told after each change, with all numbers
 */
export function showNumbers(
  place: HTMLElement,
  outline: Outline,
  chosen: Chosen,
  changed: (c: Chosen) => void,
): void {
  let now = chosen;
  const set =
    (kind: keyof Chosen, name: string) =>
    (value: number): void => {
      now = { ...now, [kind]: { ...now[kind], [name]: value } };
      changed(now);
    };
  const withValue = (c: Choice, values: Numbers): Choice => ({ ...c, value: values[c.name] ?? c.value });
  place.replaceChildren(
    ...outline.sizes.map((c) => slider(withValue(c, now.sizes), set('sizes', c.name))),
    ...outline.params.map((c) => paramField(withValue(c, now.params), set('params', c.name))),
  );
}
