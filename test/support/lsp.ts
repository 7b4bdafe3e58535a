/** A language server as a process, and an editor's end of its connection. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type ProtocolConnection,
} from 'vscode-languageserver-protocol/node';
import {
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  InitializedNotification,
  InitializeRequest,
  PublishDiagnosticsNotification,
  type Diagnostic,
} from 'vscode-languageserver-protocol';

const root = join(import.meta.dirname, '../..');

export interface Editor {
  readonly connection: ProtocolConnection;
  /** Opens a document and gives what is wrong with it. */
  open(uri: string, text: string): Promise<Diagnostic[]>;
  /** Replaces a document's text and gives what is wrong then. */
  change(uri: string, text: string): Promise<Diagnostic[]>;
  /** What is published next about a document. */
  published(uri: string): Promise<Diagnostic[]>;
  /** Documents that the server asked to show. */
  readonly shown: string[];
  /** Resolves once the server says that a document which it makes has another text. */
  refreshed(uri: string): Promise<void>;
  /** Ends the server; gives its exit code and what it wrote to standard error. */
  end(): Promise<{ readonly code: number | null; readonly errors: string }>;
}

/**
 * @param options what the editor gives as initializationOptions
 * @param program the command line that serves
 */
export async function startEditor(
  options: object = {},
  program = join(root, 'src/cli/attnc.mjs'),
): Promise<Editor> {
  const child = spawn(process.execPath, [program, 'lsp', '--stdio'], { cwd: root });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const connection = createProtocolConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  const waiting = new Map<string, ((d: Diagnostic[]) => void)[]>();
  const shown: string[] = [];
  connection.onNotification(PublishDiagnosticsNotification.type, ({ uri, diagnostics }) => {
    waiting.get(uri)?.shift()?.(diagnostics);
  });
  connection.onRequest('window/showDocument', ({ uri }: { uri: string }) => {
    shown.push(uri);
    return { success: true };
  });
  const stale = new Map<string, () => void>();
  connection.onRequest('workspace/textDocumentContent/refresh', ({ uri }: { uri: string }) => {
    stale.get(uri)?.();
    return null;
  });
  connection.listen();
  await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid,
    rootUri: null,
    capabilities: {
      textDocument: { completion: { completionItem: { snippetSupport: true } } },
      window: { showDocument: { support: true } },
      workspace: { textDocumentContent: {} },
    },
    initializationOptions: options,
  });
  await connection.sendNotification(InitializedNotification.type, {});
  const published = (uri: string): Promise<Diagnostic[]> =>
    new Promise((resolve) => waiting.set(uri, [...(waiting.get(uri) ?? []), resolve]));
  const versions = new Map<string, number>();
  return {
    connection,
    shown,
    published,
    refreshed: (uri) => new Promise((resolve) => stale.set(uri, resolve)),
    async open(uri, text) {
      const answer = published(uri);
      await connection.sendNotification(DidOpenTextDocumentNotification.type, {
        textDocument: { uri, languageId: 'attn', version: 0, text },
      });
      return answer;
    },
    async change(uri, text) {
      const answer = published(uri);
      const version = (versions.get(uri) ?? 0) + 1;
      versions.set(uri, version);
      await connection.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri, version },
        contentChanges: [{ text }],
      });
      return answer;
    },
    async end() {
      await connection.sendRequest('shutdown');
      await connection.sendNotification('exit');
      return { code: await exited, errors };
    },
  };
}
