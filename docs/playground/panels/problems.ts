/** What is wrong, as a list under the editor: each entry leads to its place. */
import type { Problem } from '../../../src/server/diagnostics.ts';
import { element } from '../dom.ts';

export function showProblems(
  place: HTMLElement,
  text: string,
  problems: readonly Problem[],
  goTo: (offset: number) => void,
): void {
  const items = problems.map((p) => {
    const line = text.slice(0, p.span.start).split('\n').length;
    const button = element(
      'button',
      { type: 'button', class: p.severity },
      element('span', { class: 'code' }, `${p.code} line ${line}`),
      ` ${p.message}`,
    );
    button.addEventListener('click', () => goTo(p.span.start));
    return element('li', {}, button);
  });
  place.replaceChildren(...items);
}
