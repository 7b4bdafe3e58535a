/** What the server tells an editor that it can do. */
import { CodeActionKind, TextDocumentSyncKind, type ServerCapabilities } from 'vscode-languageserver';
import { SCHEME } from '../keys.ts';
import { TOKEN_MODIFIERS, TOKEN_TYPES } from '../semantic-tokens.ts';

/** Commands that an editor can ask the server to run, with their argument. */
export const COMMANDS = {
  /** `{ uri, view, kernel?, open? }`: opens a view of a kernel, by default of the first; gives `{ uri, text }`. */
  show: 'attnc.show',
  /** `{ uri }`: the kernels of a document, `[{ name, ok, range }]`. */
  kernels: 'attnc.kernels',
} as const;

export const CAPABILITIES: ServerCapabilities = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
  hoverProvider: true,
  definitionProvider: true,
  referencesProvider: true,
  documentHighlightProvider: true,
  renameProvider: { prepareProvider: true },
  completionProvider: { triggerCharacters: ['[', '(', '{', ':', '"', ' '] },
  signatureHelpProvider: { triggerCharacters: ['(', '[', ','], retriggerCharacters: [']'] },
  semanticTokensProvider: {
    legend: { tokenTypes: [...TOKEN_TYPES], tokenModifiers: [...TOKEN_MODIFIERS] },
    full: true,
    range: true,
  },
  documentSymbolProvider: true,
  documentFormattingProvider: true,
  codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, CodeActionKind.Source] },
  inlayHintProvider: true,
  executeCommandProvider: { commands: Object.values(COMMANDS) },
  workspace: { textDocumentContent: { schemes: [SCHEME] } },
};
