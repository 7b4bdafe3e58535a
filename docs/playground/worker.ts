/** A worker of the page: answers questions one after the other. One has the language, another one compiles and runs. */
import { UserError } from '../../src/diagnostics/diagnostic.ts';
import { analyse, type Analysis } from '../../src/server/analysis.ts';
import { completionsAt } from '../../src/server/completion.ts';
import { problemsOf, rowProblems } from '../../src/server/diagnostics.ts';
import { formattingEdits } from '../../src/server/formatting.ts';
import { hoverAt } from '../../src/server/hover.ts';
import { semanticTokens } from '../../src/server/semantic-tokens.ts';
import { outlineOf } from './compiler/outline.ts';
import { runKernel } from './compiler/run.ts';
import { explanationOf, levelText, maskPicture, sourceText } from './compiler/views.ts';
import {
  failureOf,
  type Answer,
  type Asked,
  type CheckedText,
  type Failure,
  type Kind,
  type Reply,
  type Request,
} from './protocol.ts';

let last: Analysis | undefined;

function analysisOf(text: string): Analysis {
  if (last?.text !== text) last = analyse('playground.attn', text, () => undefined);
  return last;
}

function checked(a: Analysis): CheckedText {
  return {
    problems: problemsOf(a),
    tokens: semanticTokens(a),
    kernels: a.model.kernels.map((k) => k.name),
    ok: !a.diagnostics.some((d) => d.severity === 'error'),
  };
}

const ANSWERS: { readonly [K in Kind]: (asked: Asked<K>) => Answer<K> | Promise<Answer<K>> } = {
  check: ({ text }) => checked(analysisOf(text)),
  rows: ({ text }) => rowProblems(analysisOf(text)),
  hover: ({ text, offset, target, sizes }) => {
    const found = hoverAt(analysisOf(text), offset, { target, sizes });
    return found && { start: found.span.start, end: found.span.end, markdown: found.markdown };
  },
  complete: ({ text, offset }) => completionsAt(analysisOf(text), offset),
  format: ({ text }) => formattingEdits(analysisOf(text)),
  outline: ({ text, kernel, gpu }) => outlineOf(text, kernel, gpu),
  source: sourceText,
  level: ({ level, ...s }) => levelText(s, level),
  cost: explanationOf,
  mask: maskPicture,
  run: runKernel,
};

function failure(e: unknown): Failure {
  if (e instanceof UserError) return failureOf(e.diagnostic);
  return { message: e instanceof Error ? e.message : String(e) };
}

async function reply<K extends Kind>({ id, kind, asked }: Request<K>): Promise<Reply> {
  try {
    return { id, answer: await ANSWERS[kind](asked) };
  } catch (e) {
    return { id, failure: failure(e) };
  }
}

self.addEventListener('message', (event: MessageEvent<Request>) => {
  void reply(event.data).then((made) => self.postMessage(made));
});
