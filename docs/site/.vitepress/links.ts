/**
 * Links of pages to what is no page. Examples open in the playground; other files of the repository are named, not linked, since
 * the site does not hold them. Links to pages are left to the generator, which refuses dead ones.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';

type Token = ReturnType<MarkdownRenderer['parse']>[number];

const OUTSIDE = /^(?:[a-z]+:|#|\/)/;

/** Where a link leads on the site: somewhere else, nowhere, or where it says. */
function placeOf(href: string, folder: string): { readonly to: string } | 'nowhere' | 'as written' {
  const path = href.replace(/[#?].*$/, '');
  if (OUTSIDE.test(href) || path.endsWith('.md')) return 'as written';
  const file = resolve(folder, path);
  if (!existsSync(file)) return 'as written';
  const example = /examples\/([^/]+)\.attn$/.exec(file)?.[1];
  if (example !== undefined) return { to: `/playground/#e=${example}` };
  return existsSync(resolve(file, 'README.md')) ? { to: `${path.replace(/\/?$/, '/')}README.md` } : 'nowhere';
}

/** Makes text of a link that leads nowhere. */
function unlink(open: Token, close: Token | undefined): void {
  for (const token of [open, close])
    if (token) Object.assign(token, { type: 'text', tag: '', content: '', nesting: 0 });
}

function mend(tokens: readonly Token[], folder: string): void {
  for (const [n, token] of tokens.entries()) {
    if (token.type !== 'link_open') continue;
    const place = placeOf(token.attrGet('href') ?? '', folder);
    if (place === 'as written') continue;
    if (place === 'nowhere') {
      unlink(
        token,
        tokens.slice(n).find((t) => t.type === 'link_close'),
      );
      continue;
    }
    token.attrSet('href', place.to);
    // The playground is a page of its own: the site's router must let go.
    if (place.to.startsWith('/playground/')) token.attrSet('target', '_self');
  }
}

export function linksOfSite(md: MarkdownRenderer, root: string): void {
  md.core.ruler.push('links-of-site', (state) => {
    const env = state.env as { readonly path?: string; readonly relativePath?: string };
    const folder = env.path === undefined ? root : dirname(env.path);
    for (const token of state.tokens) if (token.children) mend(token.children, folder);
  });
}
