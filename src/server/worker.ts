/** The language server inside of a page: messages go through a port, and documents are the open ones and those that the page has. */
import { BrowserMessageReader, BrowserMessageWriter, createConnection } from 'vscode-languageserver/browser';
import { serve } from './lsp/serve.ts';
import type { Host } from './workspace.ts';

/**
 * Serves for as long as the port lives.
 * @param port of a worker its own global scope, or one end of a channel
 * @param host documents that imports may name and the editor does not have open; by default none
 */
export function serveOverPort(port: MessagePort, host: Host = { read: () => undefined }): void {
  serve(createConnection(new BrowserMessageReader(port), new BrowserMessageWriter(port)), host);
}
