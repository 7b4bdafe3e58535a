/** Connects the features to an editor that speaks the language server protocol, over whatever carries its messages. */
import type { Connection } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { keyOf } from '../keys.ts';
import { Workspace, type Host } from '../workspace.ts';
import { CAPABILITIES } from './capabilities.ts';
import { answerQuestions } from './questions.ts';
import { publisher } from './publish.ts';
import { settingsFrom, Session } from './session.ts';

/**
 * Answers until the connection ends. Every answer is about the text that the editor has, saved or not.
 * @param host stored documents, which imports of open ones may name
 */
export function serve(connection: Connection, host: Host): void {
  const session = new Session(new Workspace(host));
  const { workspace } = session;
  const publish = publisher(connection, session);
  const documents = new Map<string, TextDocument>();
  let hasConfiguration = false;

  connection.onInitialize(({ capabilities, initializationOptions, workspaceFolders }) => {
    workspace.folders = (workspaceFolders ?? []).map(({ uri }) => keyOf(uri));
    session.settings = settingsFrom(initializationOptions);
    session.snippets = capabilities.textDocument?.completion?.completionItem?.snippetSupport === true;
    session.showsDocuments = capabilities.window?.showDocument?.support === true;
    session.refreshes = capabilities.workspace?.textDocumentContent !== undefined;
    hasConfiguration = capabilities.workspace?.configuration === true;
    return { capabilities: CAPABILITIES, serverInfo: { name: 'attnc' } };
  });
  const readSettings = async (given?: unknown): Promise<void> => {
    const asked: unknown = hasConfiguration ? await connection.workspace.getConfiguration('attnc') : given;
    if (asked !== undefined && asked !== null) session.settings = settingsFrom(asked);
  };
  connection.onInitialized(() => void readSettings());
  connection.onDidChangeConfiguration(({ settings }) => readSettings((settings as Settings | null)?.attnc));

  connection.onDidOpenTextDocument(({ textDocument: { uri, languageId, version, text } }) => {
    documents.set(uri, TextDocument.create(uri, languageId, version, text));
    session.uris.set(keyOf(uri), uri);
    publish(workspace.set(keyOf(uri), text));
  });
  connection.onDidChangeTextDocument(({ textDocument: { uri, version }, contentChanges }) => {
    const document = documents.get(uri);
    if (!document) return;
    const changed = TextDocument.update(document, contentChanges, version);
    documents.set(uri, changed);
    publish(workspace.set(keyOf(uri), changed.getText()));
  });
  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    documents.delete(uri);
    session.uris.delete(keyOf(uri));
    void connection.sendDiagnostics({ uri, diagnostics: [] });
    publish(workspace.close(keyOf(uri)));
  });
  connection.onDidChangeWatchedFiles(({ changes }) => {
    for (const { uri } of changes) if (!workspace.isOpen(keyOf(uri))) publish(workspace.forget(keyOf(uri)));
  });
  answerQuestions(connection, session);
  connection.listen();
}

interface Settings {
  readonly attnc?: unknown;
}
