/** The tabs of the page, and what is asked and shown for each. */
import { element } from './dom.ts';
import type { Client } from './client.ts';
import { costPanel } from './panels/cost.ts';
import { picturePanel } from './panels/picture.ts';
import type { Failure, Level, Subject } from './protocol.ts';
import type { Tab } from './tabs.ts';

type View = (compiler: Client, s: Subject) => Promise<readonly Node[]>;

/** A newer question replaces the one before, whichever tab it is for. */
const TOPIC = 'view';

const pre = (text: string): readonly Node[] => [element('pre', {}, text)];
const source =
  (target: Subject['target']): View =>
  async (compiler, s) =>
    pre(await compiler.ask('source', { ...s, target }, TOPIC));
const level =
  (name: Level): View =>
  async (compiler, s) =>
    pre(await compiler.ask('level', { ...s, level: name }, TOPIC));

/** Undefined for what is only made when somebody asks for it. */
const VIEWS: Readonly<Record<string, { readonly title: string; readonly view?: View }>> = {
  run: { title: 'Run' },
  cost: { title: 'Cost', view: async (c, s) => costPanel(await c.ask('cost', s, TOPIC)) },
  mask: { title: 'Mask', view: async (c, s) => picturePanel(await c.ask('mask', s, TOPIC)) },
  explain: { title: 'Explain', view: level('explain') },
  wgsl: { title: 'WGSL', view: source('wgsl') },
  cuda: { title: 'CUDA', view: source('cuda') },
  ast: { title: 'AST', view: level('ast') },
  model: { title: 'Model', view: level('model') },
  ir: { title: 'IR', view: level('ir') },
  tile: { title: 'Tiles', view: level('tile') },
  kernel: { title: 'Kernel', view: level('kernel') },
  plan: { title: 'Plan', view: level('plan') },
};

export const TABS: readonly Tab[] = Object.entries(VIEWS).map(([name, { title }]) => ({ name, title }));
export const isTab = (name: string | undefined): name is string => name !== undefined && name in VIEWS;

/** Undefined for a tab that shows nothing by itself. */
export const viewOf = (tab: string): View | undefined => VIEWS[tab]?.view;

export function failurePanel({ message, code, hint }: Failure): Node[] {
  const text = message.startsWith(code ?? ' ') ? message : `${code ? `${code}: ` : ''}${message}`;
  const help = hint !== undefined && !message.includes(hint) ? [element('p', {}, hint)] : [];
  return [element('p', { class: 'failure' }, text), ...help];
}
