/** Requests of the protocol, each handed to the feature that answers it. */
import {
  CodeActionKind,
  InlayHintKind,
  ResponseError,
  ErrorCodes,
  SemanticTokensBuilder,
  type CodeAction as LspAction,
  type Connection,
  type TextDocumentIdentifier,
  type TextEdit,
} from 'vscode-languageserver';
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Analysis } from '../analysis.ts';
import { codeActionsAt, type CodeAction } from '../code-actions.ts';
import { completionsAt } from '../completion.ts';
import { definitionAt, referencesAt, usesHere } from '../definition.ts';
import { formattingEdits } from '../formatting.ts';
import { hoverAt } from '../hover.ts';
import { inlayHints } from '../inlay-hints.ts';
import { keyOf } from '../keys.ts';
import type { Place } from '../lines.ts';
import { outlineOf } from '../outline.ts';
import { renameableAt, renameAt } from '../rename.ts';
import { semanticTokens, TOKEN_MODIFIERS, TOKEN_TYPES, type SemanticToken } from '../semantic-tokens.ts';
import { signatureAt } from '../signature.ts';
import { answerCommands, contentOf } from './commands.ts';
import { COMMANDS } from './capabilities.ts';
import { completionOf, diagnosticOf, editOf, locationOf, markdown, rangeOf, symbolOf } from './convert.ts';
import type { Session } from './session.ts';

interface AtPlace {
  readonly textDocument: TextDocumentIdentifier;
  readonly position: Place;
}

/** Registers a handler for every request of `CAPABILITIES`. */
export function answerQuestions(connection: Connection, session: Session): void {
  const { workspace } = session;
  const at = <T>(p: AtPlace, f: (a: Analysis, offset: number) => T | undefined): T | null => {
    const a = session.analysis(p.textDocument);
    return (a && f(a, a.lines.offsetOf(p.position))) ?? null;
  };
  const locate = (span: Span) => {
    const { uri, range } = locationOf(workspace, span);
    return { uri: session.uris.get(span.source) ?? uri, range };
  };

  connection.onHover((p) =>
    at(p, (a, offset) => {
      const hover = hoverAt(a, offset, session.settings);
      return hover && { contents: markdown(hover.markdown), range: rangeOf(a.lines, hover.span) };
    }),
  );
  connection.onDefinition((p) =>
    at(p, (a, offset) => {
      const span = definitionAt(a, offset);
      return span && locate(span);
    }),
  );
  connection.onReferences((p) =>
    at(p, (a, offset) => referencesAt(workspace, a, offset, p.context.includeDeclaration).map(locate)),
  );
  connection.onDocumentHighlight((p) =>
    at(p, (a, offset) => usesHere(a, offset).map((u) => ({ range: rangeOf(a.lines, u.span) }))),
  );
  connection.onPrepareRename((p) =>
    at(p, (a, offset) => {
      const found = renameableAt(a, offset);
      return found && { range: rangeOf(a.lines, found.span), placeholder: found.name };
    }),
  );
  connection.onRenameRequest((p) =>
    at(p, (a, offset) => {
      const made = renameAt(workspace, a, offset, p.newName);
      if ('refused' in made) throw new ResponseError(ErrorCodes.InvalidParams, made.refused);
      const changes: Record<string, TextEdit[]> = {};
      for (const { uri, range } of made.edits.map(locate))
        (changes[uri] ??= []).push({ range, newText: p.newName });
      return { changes };
    }),
  );
  connection.onCompletion((p) =>
    at(p, (a, offset) =>
      completionsAt(a, offset, () => importable(session, a)).map((c) => completionOf(c, session.snippets)),
    ),
  );
  connection.onSignatureHelp((p) =>
    at(p, (a, offset) => {
      const s = signatureAt(a, offset);
      if (!s) return undefined;
      const parameters = s.parts.map(([from, to]) => ({ label: [from, to] as [number, number] }));
      const documentation = s.doc === undefined ? {} : { documentation: markdown(s.doc) };
      const signature = { label: s.label, parameters, ...documentation };
      return { signatures: [signature], activeSignature: 0, activeParameter: s.active };
    }),
  );
  connection.languages.semanticTokens.on(({ textDocument }) => {
    const a = session.analysis(textDocument);
    return a ? encoded(a, semanticTokens(a)) : { data: [] };
  });
  connection.languages.semanticTokens.onRange(({ textDocument, range }) => {
    const a = session.analysis(textDocument);
    if (!a) return { data: [] };
    const [from, to] = [a.lines.offsetOf(range.start), a.lines.offsetOf(range.end)];
    return encoded(
      a,
      semanticTokens(a).filter((t) => t.span.end > from && t.span.start < to),
    );
  });
  connection.onDocumentSymbol(({ textDocument }) => {
    const a = session.analysis(textDocument);
    return a ? outlineOf(a).map((e) => symbolOf(a.lines, e)) : [];
  });
  connection.onDocumentFormatting(({ textDocument }) => {
    const a = session.analysis(textDocument);
    return a ? formattingEdits(a).map((e) => editOf(a.lines, e)) : [];
  });
  connection.languages.inlayHint.on(({ textDocument, range }) => {
    const a = session.analysis(textDocument);
    if (!a) return [];
    const hints = inlayHints(a, a.lines.offsetOf(range.start), a.lines.offsetOf(range.end));
    return hints.map((h) => ({
      position: a.lines.placeOf(h.offset),
      label: h.label,
      kind: InlayHintKind.Type,
      tooltip: h.tooltip,
    }));
  });
  connection.onCodeAction(({ textDocument, range }) => {
    const a = session.analysis(textDocument);
    if (!a) return [];
    const actions = codeActionsAt(a, a.lines.offsetOf(range.start), a.lines.offsetOf(range.end));
    return actions.map((x) => actionOf(session, a, textDocument.uri, x));
  });
  connection.workspace.textDocumentContent.on(({ uri }) => ({ text: contentOf(session, uri) }));
  answerCommands(connection, session);
}

function encoded(a: Analysis, tokens: readonly SemanticToken[]): { data: number[] } {
  const builder = new SemanticTokensBuilder();
  for (const { span, kind, modifiers } of tokens) {
    const { line, character } = a.lines.placeOf(span.start);
    const bits = modifiers.reduce((n, m) => n | (1 << TOKEN_MODIFIERS.indexOf(m)), 0);
    builder.push(line, character, span.end - span.start, TOKEN_TYPES.indexOf(kind), bits);
  }
  return builder.build();
}

function actionOf(session: Session, a: Analysis, uri: string, x: CodeAction): LspAction {
  if (x.kind === 'show') {
    const command = {
      title: x.title,
      command: COMMANDS.show,
      arguments: [{ uri, view: x.view, kernel: x.kernel }],
    };
    return { title: x.title, kind: CodeActionKind.Source, command };
  }
  return {
    title: x.title,
    kind: CodeActionKind.QuickFix,
    isPreferred: x.preferred,
    diagnostics: [diagnosticOf(session.workspace, a.lines, x.problem)],
    edit: { changes: { [uri]: x.edits.map((e) => editOf(a.lines, e)) } },
  };
}

/** Other files as an import of this one names them. */
function importable({ workspace }: Session, a: Analysis): string[] {
  const own = a.key.split('/').slice(0, -1);
  return workspace.files(keyOf(a.key)).flatMap((key) => {
    if (key === a.key || !key.endsWith('.attn')) return [];
    const parts = key.split('/');
    let same = 0;
    while (same < own.length && own[same] === parts[same]) same++;
    if (same === 0) return [];
    const up = own.slice(same).map(() => '..');
    return [[...(up.length > 0 ? up : ['.']), ...parts.slice(same)].join('/')];
  });
}
