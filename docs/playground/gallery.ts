/// <reference types="vite/client" />
/** The examples to pick from: every file of `examples/`, by family. */
import { FAMILIES } from '../../src/gallery/families.ts';
import { headOf } from '../../src/gallery/head.ts';
import { element } from './dom.ts';

const files = import.meta.glob<string>('../../examples/*.attn', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** Texts by name, in the order of the alphabet. */
export const EXAMPLES: ReadonlyMap<string, string> = new Map(
  Object.entries(files).map(([path, text]) => [/([^/]+)\.attn$/.exec(path)![1]!, text]),
);

const LONGEST_TITLE = 72;
const titleOf = (name: string): string => {
  const { what } = headOf(EXAMPLES.get(name)!);
  const title = `${name} — ${what}`;
  return title.length > LONGEST_TITLE ? `${title.slice(0, LONGEST_TITLE - 1)}…` : title;
};

/** What a choice of examples offers: a group per family. */
export function galleryOptions(): HTMLElement[] {
  const families = FAMILIES.map(({ title, examples }) => {
    const known = examples.filter((name) => EXAMPLES.has(name));
    return element(
      'optgroup',
      { label: title },
      ...known.map((name) => element('option', { value: name }, titleOf(name))),
    );
  });
  return [element('option', { value: '', hidden: true }, 'none of them'), ...families];
}

/** The example whose text this is, or nothing. */
export const exampleOf = (text: string): string | undefined =>
  [...EXAMPLES].find(([, own]) => own === text)?.[0];
