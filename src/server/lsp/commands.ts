/** Commands of the server, and the content of the documents that it makes. */
import { ErrorCodes, ResponseError, type Connection } from 'vscode-languageserver';
import { keyOf } from '../keys.ts';
import { apology, parseVirtual, VIEWS, virtualText, virtualUri } from '../virtual.ts';
import { COMMANDS } from './capabilities.ts';
import { rangeOf } from './convert.ts';
import type { Session } from './session.ts';

/** Text of a library file, or of a view as it is now. */
export function contentOf(session: Session, uri: string): string {
  const name = parseVirtual(uri);
  if (!name) return session.workspace.textOf(keyOf(uri)) ?? '';
  session.views.set(uri, name.of);
  const a = session.workspace.analysis(name.of);
  if (!a) return apology(name.view, `there is no document ${name.of}`);
  return virtualText(a, name, session.settings);
}

export function answerCommands(connection: Connection, session: Session): void {
  connection.onExecuteCommand(async ({ command, arguments: [given] = [] }): Promise<unknown> => {
    const asked = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
    const key = typeof asked.uri === 'string' ? keyOf(asked.uri) : '';
    const a = session.workspace.analysis(key);
    if (!a) throw wrong(`there is no document ${key}`);
    if (command === COMMANDS.kernels)
      return a.model.kernels.map((k, n) => ({
        name: k.name,
        ok: k.ok,
        range: rangeOf(a.lines, a.file.kernels[n]!.span),
      }));
    if (command !== COMMANDS.show) throw wrong(`there is no command ${command}`);
    const names = a.model.kernels.map((k) => k.name);
    const view = VIEWS.find((v) => v === asked.view);
    const kernel = typeof asked.kernel === 'string' ? asked.kernel : names[0];
    if (!view) throw wrong(`a view is one of ${VIEWS.join(', ')}`);
    if (kernel === undefined || !names.includes(kernel))
      throw wrong(`the document has the kernels ${names.join(', ')}`);
    const name = { view, kernel, of: key };
    const shown = { uri: virtualUri(name), text: contentOf(session, virtualUri(name)) };
    // An editor that has a better way of showing it asks for the text alone.
    const { window: editor } = connection;
    if (session.showsDocuments && asked.open !== false)
      await editor.showDocument({ uri: shown.uri, takeFocus: true });
    return shown;
  });
}

const wrong = (message: string): ResponseError<void> => new ResponseError(ErrorCodes.InvalidParams, message);
