/** Sends what is wrong with open documents: at once what the text says, and when there is time what takes a search. */
import type { Connection } from 'vscode-languageserver';
import { problemsOf, rowProblems, type Problem } from '../diagnostics.ts';
import { diagnosticOf } from './convert.ts';
import type { Session } from './session.ts';

type Timer = ReturnType<typeof setTimeout>;

/** Milliseconds without a change before rows are looked at. */
const PAUSE = 400;

/** The function to be called with the keys of documents that changed, or that read one that did. */
export function publisher(connection: Connection, session: Session): (keys: readonly string[]) => void {
  const w = session.workspace;
  const soon = new Map<string, Timer>();
  const later = new Map<string, Timer>();
  const send = (key: string, extra: (known: readonly Problem[]) => readonly Problem[]): void => {
    const a = w.isOpen(key) ? w.analysis(key) : undefined;
    if (!a) return;
    const known = problemsOf(a);
    const diagnostics = [...known, ...extra(known)].map((p) => diagnosticOf(w, a.lines, p));
    void connection.sendDiagnostics({ uri: session.uri(key), diagnostics });
  };
  const rows = (key: string): void =>
    send(key, (known) => {
      const a = w.analysis(key);
      return a && !known.some((p) => p.severity === 'error') ? rowProblems(a) : [];
    });
  const refresh = (key: string): void => {
    const views = session.refreshes ? [...session.views].filter(([, of]) => of === key) : [];
    for (const [uri] of views)
      connection.workspace.textDocumentContent.refresh(uri).catch(() => session.views.delete(uri));
  };
  return (keys) => {
    for (const key of keys) {
      clearTimeout(soon.get(key));
      clearTimeout(later.get(key));
      // Changes that came together are answered together.
      soon.set(
        key,
        setTimeout(() => send(key, () => []), 0),
      );
      later.set(
        key,
        setTimeout(() => {
          rows(key);
          refresh(key);
        }, PAUSE),
      );
    }
  };
}
