/** What one editor has open, and how it wants its answers. */
import type { TextDocumentIdentifier } from 'vscode-languageserver';
import type { Analysis } from '../analysis.ts';
import { keyOf, uriOf } from '../keys.ts';
import { DEFAULT_SETTINGS, type Settings } from '../lowering.ts';
import type { Workspace } from '../workspace.ts';

export class Session {
  settings: Settings = DEFAULT_SETTINGS;
  /** The editor fills in places of snippets. */
  snippets = false;
  /** The editor can be asked to show a document. */
  showsDocuments = false;
  /** Views that the editor has asked for, with the document that each is made from; an editor that takes new texts of them. */
  readonly views = new Map<string, string>();
  refreshes = false;
  /** Open documents by key, under the URIs that the editor gave. */
  readonly uris = new Map<string, string>();

  constructor(readonly workspace: Workspace) {}

  analysis({ uri }: TextDocumentIdentifier): Analysis | undefined {
    return this.workspace.analysis(keyOf(uri));
  }

  /** An editor gets the URI back that it gave, escaped as it likes. */
  uri(key: string): string {
    return this.uris.get(key) ?? uriOf(key);
  }
}

/** Anything that is not as it should be is left out: settings are typed by hand. */
export function settingsFrom(given: unknown): Settings {
  const { target, sizes } = (typeof given === 'object' && given !== null ? given : {}) as Record<
    string,
    unknown
  >;
  const entries = typeof sizes === 'object' && sizes !== null ? Object.entries(sizes) : [];
  const numbers = entries.filter((e): e is [string, number] => typeof e[1] === 'number');
  return { target: target === 'cuda' ? 'cuda' : DEFAULT_SETTINGS.target, sizes: Object.fromEntries(numbers) };
}
