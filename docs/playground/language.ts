/** The language in the editor: colours, problems, hovers and completions, all asked of a worker. */
import {
  autocompletion,
  snippet,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from '@codemirror/autocomplete';
import { lintGutter, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { StateEffect, StateField, type Extension } from '@codemirror/state';
import { Decoration, EditorView, hoverTooltip, type DecorationSet, type Tooltip } from '@codemirror/view';
import type { Completion as Offered, CompletionKind } from '../../src/server/completion.ts';
import type { Problem } from '../../src/server/diagnostics.ts';
import type { SemanticToken } from '../../src/server/semantic-tokens.ts';
import { Unanswered, type Client } from './client.ts';
import { markdown } from './markdown.ts';
import type { Numbers, Target } from './protocol.ts';

const setTokens = StateEffect.define<readonly SemanticToken[]>();

/** Colours stay with their words while the worker looks at the new text. */
const tokenColours = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(colours, tr) {
    const fresh = tr.effects.find((e) => e.is(setTokens));
    if (!fresh) return colours.map(tr.changes);
    const length = tr.newDoc.length;
    return Decoration.set(
      (fresh.value as readonly SemanticToken[])
        .filter(({ span }) => span.end <= length)
        .map(({ span, kind, modifiers }) =>
          Decoration.mark({ class: ['t', kind, ...modifiers].join(' t-').slice(2) }).range(
            span.start,
            span.end,
          ),
        ),
    );
  },
  provide: (field) => EditorView.decorations.from(field),
});

function diagnosticOf(p: Problem, length: number): Diagnostic {
  const { fix } = p;
  const at = (offset: number): number => Math.min(offset, length);
  return {
    from: at(p.span.start),
    to: at(p.span.end),
    severity: p.severity === 'note' ? 'info' : p.severity,
    source: p.code,
    message: p.message,
    ...(fix
      ? {
          actions: [
            {
              name: fix.title,
              apply: (view) =>
                view.dispatch({ changes: { from: fix.span.start, to: fix.span.end, insert: fix.text } }),
            },
          ],
        }
      : {}),
  };
}

/** Shows what a check of exactly this text found. */
export function showChecked(
  view: EditorView,
  tokens: readonly SemanticToken[],
  problems: readonly Problem[],
): void {
  view.dispatch({ effects: setTokens.of(tokens) });
  showProblems(view, problems);
}
export function showProblems(view: EditorView, problems: readonly Problem[]): void {
  const { length } = view.state.doc;
  view.dispatch(
    setDiagnostics(
      view.state,
      problems.map((p) => diagnosticOf(p, length)),
    ),
  );
}

/** Answers that come too late are no errors. */
async function unlessLate<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (e) {
    if (e instanceof Unanswered) return undefined;
    throw e;
  }
}

/** Names of icons that the editor knows. */
const ICONS: Readonly<Record<CompletionKind, string>> = {
  keyword: 'keyword',
  snippet: 'text',
  type: 'type',
  axis: 'enum',
  size: 'constant',
  value: 'variable',
  parameter: 'property',
  function: 'function',
  constant: 'constant',
  file: 'namespace',
};

function optionOf(c: Offered): Completion {
  const { label, kind, detail, doc, rank } = c;
  return {
    label,
    type: ICONS[kind],
    boost: -rank,
    ...(detail === undefined ? {} : { detail }),
    ...(doc === undefined ? {} : { info: () => markdown(doc) }),
    // The editor's places to fill in always have braces.
    ...(c.snippet === undefined
      ? {}
      : { apply: snippet(c.snippet.replace(/\$(\d)/g, (_, n: string) => `$\{${n}}`)) }),
  };
}

/** @param chosen what figures in hovers are for */
export function language(client: Client, chosen: () => { target: Target; sizes: Numbers }): Extension {
  const complete = async (context: CompletionContext): Promise<CompletionResult | null> => {
    const word = context.matchBefore(/\w*/);
    if (!context.explicit && (!word || word.from === word.to)) return null;
    const asked = { text: context.state.doc.toString(), offset: context.pos };
    const found = await unlessLate(client.ask('complete', asked));
    return found
      ? { from: word?.from ?? context.pos, options: found.map(optionOf), validFor: /^\w*$/ }
      : null;
  };
  const hover = async (view: EditorView, offset: number): Promise<Tooltip | null> => {
    const text = view.state.doc.toString();
    const found = await unlessLate(client.ask('hover', { text, offset, ...chosen() }));
    if (!found || view.state.doc.toString() !== text) return null;
    return {
      pos: found.start,
      end: found.end,
      above: true,
      create: () => ({ dom: markdown(found.markdown) }),
    };
  };
  return [tokenColours, lintGutter(), autocompletion({ override: [complete] }), hoverTooltip(hover)];
}
