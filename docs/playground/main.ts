/** Starts the page. */
import { byId } from './dom.ts';
import { Client } from './client.ts';
import { makeEditor, replaceText } from './editor.ts';
import { exampleOf, EXAMPLES, galleryOptions } from './gallery.ts';
import { language } from './language.ts';
import { Page } from './page.ts';
import type { Target } from './protocol.ts';
import { RunPanel } from './run-panel.ts';
import { fragmentOf, readFragment } from './share.ts';
import { Tabs } from './tabs.ts';
import { isTab, TABS } from './views.ts';

const FIRST = 'gated_window';

const client = (name: string): Client =>
  new Client(() => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name }));
const workers = { language: client('language'), compiler: client('compiler') };
const gpu = (await navigator.gpu?.requestAdapter()) ?? undefined;

const gallery = byId('gallery', HTMLSelectElement);
const target = byId('target', HTMLSelectElement);
const panel = byId('panel', HTMLElement);
gallery.append(...galleryOptions());

const page: Page = new Page(
  () => editor,
  workers,
  gpu !== undefined,
  () => run.forget(),
);
const run = new RunPanel(client('runner'), gpu?.info, () => page.subject, byId('run', HTMLElement));
const editor = makeEditor(
  byId('editor', HTMLElement),
  language(workers.language, () => ({ target: page.target, sizes: page.sizes })),
  (text) => {
    gallery.value = exampleOf(text) ?? '';
    page.textChanged();
  },
);
const tabs = new Tabs(byId('tabs', HTMLElement), panel, TABS, (name) => page.chooseTab(name));
tabs.show('wgsl');

function openExample(name: string): void {
  const text = EXAMPLES.get(name);
  if (text === undefined) return openExample(FIRST);
  replaceText(editor, text);
  page.begin({});
}

/** What the address asks for, or the first example. */
function openAddress(): void {
  const said = byId('status', HTMLElement);
  try {
    const found = readFragment(location.hash);
    if (!found || 'example' in found) return openExample(found?.example ?? FIRST);
    const { shared } = found;
    if (shared.target) target.value = shared.target;
    if (isTab(shared.tab)) tabs.show(shared.tab);
    replaceText(editor, shared.text);
    page.begin(shared);
  } catch {
    openExample(FIRST);
    said.textContent = 'The link is damaged; this is an example instead.';
  }
}

async function format(): Promise<void> {
  const text = page.text;
  const edits = await workers.language.ask('format', { text });
  if (page.text !== text) return;
  editor.dispatch({
    changes: edits.map(({ span, text: insert }) => ({ from: span.start, to: span.end, insert })),
  });
}

async function share(): Promise<void> {
  const link = new URL(fragmentOf(page.shared), location.href).href;
  history.replaceState(null, '', link);
  const said = byId('status', HTMLElement);
  try {
    await navigator.clipboard.writeText(link);
    said.textContent = 'The link is in the clipboard.';
  } catch {
    said.textContent = 'The link is in the address bar.';
  }
}

gallery.addEventListener('change', () => openExample(gallery.value));
byId('kernel', HTMLSelectElement).addEventListener('change', (e) => {
  if (e.target instanceof HTMLSelectElement) page.chooseKernel(e.target.value);
});
target.addEventListener('change', () => page.chooseTarget(target.value as Target));
byId('format', HTMLButtonElement).addEventListener('click', () => void format());
byId('share', HTMLButtonElement).addEventListener('click', () => void share());
window.addEventListener('hashchange', openAddress);
openAddress();
