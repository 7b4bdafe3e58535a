/** The Markdown of hovers and completions as elements: paragraphs, lists, fenced code, code, bold and emphasis. */
import { element } from './dom.ts';

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*/g;

function inline(text: string): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let at = 0;
  for (const m of text.matchAll(INLINE)) {
    parts.push(text.slice(at, m.index));
    const [all, code, bold, emphasis] = m;
    parts.push(
      code !== undefined
        ? element('code', {}, code)
        : bold !== undefined
          ? element('strong', {}, bold)
          : element('em', {}, emphasis!),
    );
    at = m.index + all.length;
  }
  return [...parts, text.slice(at)];
}

function block(text: string): Node[] {
  const lines = text.split('\n');
  const list = lines.findIndex((line) => line.startsWith('- '));
  if (list < 0) return [element('p', {}, ...inline(text))];
  const before = lines.slice(0, list).join('\n');
  const items = lines.slice(list).map((line) => element('li', {}, ...inline(line.replace(/^- /, ''))));
  return [...(before ? [element('p', {}, ...inline(before))] : []), element('ul', {}, ...items)];
}

export function markdown(text: string): HTMLElement {
  const made = element('div', { class: 'markdown' });
  for (const [n, part] of text.split(/```\w*\n([\s\S]*?)\n```/).entries())
    if (n % 2 === 1) made.append(element('pre', {}, part));
    else for (const p of part.split(/\n{2,}/)) if (p.trim()) made.append(...block(p.trim()));
  return made;
}
