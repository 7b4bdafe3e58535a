/** The site of the documentation: the Markdown of the repository where it lies, with a way through it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defineConfig, type DefaultTheme } from 'vitepress';
import { linksOfSite } from './links.ts';

const root = resolve(import.meta.dirname, '../../..');
const grammar = JSON.parse(readFileSync(join(root, 'grammar/attn.tmLanguage.json'), 'utf8')) as object;

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Cpath fill='%231f6feb' d='M0 0h2v2h2v2h2v2h2v2H0z'/%3E%3C/svg%3E";

type Item = DefaultTheme.SidebarItem;
const page = (text: string, path: string): Item => ({
  text,
  link: `/${path.replace(/(?:README)?\.md$/, '')}`,
});

/** All pages of a folder, called by their first heading. */
function pagesOf(folder: string): Item[] {
  if (!existsSync(join(root, folder))) return [];
  const files = readdirSync(join(root, folder)).filter(
    (file) => file.endsWith('.md') && file !== 'README.md',
  );
  return files.sort().map((file) => {
    const heading = /^# (.*)$/m.exec(readFileSync(join(root, folder, file), 'utf8'))?.[1] ?? file;
    return page(heading.replaceAll('`', ''), `${folder}/${file}`);
  });
}

const SIDEBAR: Item[] = [
  {
    text: 'Getting started',
    items: [
      page('What it is', 'README.md'),
      page('In five minutes', 'docs/getting-started/README.md'),
      ...pagesOf('docs/getting-started'),
      page('In a web page', 'docs/web.md'),
      page('In a CUDA program', 'docs/cuda.md'),
      page('Coming from FlexAttention', 'docs/flexattention.md'),
      page('In an editor', 'docs/editor.md'),
      page('The playground', 'docs/playground.md'),
    ],
  },
  {
    text: 'The language',
    items: [
      page('Reference', 'docs/language.md'),
      page('Masks', 'docs/masks.md'),
      page('Recurrences in parts', 'docs/artefacts.md'),
      page('Gallery', 'examples/README.md'),
    ],
  },
  {
    text: 'Seeing and tuning',
    items: [
      page('Explanations', 'docs/explain.md'),
      page('Pictures', 'docs/viz.md'),
      page('Tuning', 'docs/tuning.md'),
      page('Performance', 'docs/performance.md'),
      page('On an H200', 'docs/gpu.md'),
    ],
  },
  {
    text: 'How it works',
    items: [
      page('From formulas to shaders', 'docs/how-it-works.md'),
      page('Architecture', 'docs/ARCHITECTURE.md'),
      { text: 'Decisions', collapsed: true, items: pagesOf('docs/adr') },
      {
        text: 'Changing it',
        collapsed: true,
        items: [page('Contributing', 'CONTRIBUTING.md'), ...pagesOf('docs/adding')],
      },
    ],
  },
  {
    text: 'Errors',
    collapsed: true,
    items: [page('All codes', 'docs/errors/README.md'), ...pagesOf('docs/errors')],
  },
  { text: 'Changes', items: [page('Changelog', 'CHANGELOG.md')] },
];

export default defineConfig({
  title: 'attnc',
  description: 'Attention as mathematics, compiled to WGSL and CUDA C++',
  srcDir: '../..',
  srcExclude: ['{src,test,bench,dist,out,backends,grammar,coverage}/**', '**/node_modules/**'],
  outDir: resolve(root, 'dist/site'),
  cacheDir: resolve(root, 'node_modules/.cache/vitepress'),
  // A folder's README is its front page; relative links stay right, since nothing moves to another folder.
  rewrites: (id) => id.replace(/(^|\/)README\.md$/, '$1index.md'),
  lastUpdated: false,
  head: [['link', { rel: 'icon', href: ICON }]],
  markdown: {
    languages: [{ ...grammar, name: 'attn' } as never],
    languageAlias: { cuda: 'cpp', wgsl: 'rust' },
    config: (md) => linksOfSite(md, root),
  },
  themeConfig: {
    nav: [
      { text: 'Language', link: '/docs/language' },
      { text: 'Gallery', link: '/examples/' },
      { text: 'Playground', link: '/playground/', target: '_self' },
    ],
    sidebar: SIDEBAR,
    outline: { level: [2, 3] },
    search: { provider: 'local' },
  },
});
