/** What the page asks its workers, and what they answer: plain data only. */
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import type { Explanation } from '../../src/explain.ts';
import type { ScalarType } from '../../src/expr/types.ts';
import type { OutputAgreement } from '../../src/cli/agreement.ts';
import type { Completion } from '../../src/server/completion.ts';
import type { Problem } from '../../src/server/diagnostics.ts';
import type { Edit } from '../../src/server/formatting.ts';
import type { SemanticToken } from '../../src/server/semantic-tokens.ts';
import type { LaunchTime } from '../../src/webgpu/timer.ts';

export type Target = 'wgsl' | 'cuda';
export type Numbers = Readonly<Record<string, number>>;

export const LEVELS = ['ast', 'model', 'ir', 'tile', 'kernel', 'plan', 'explain'] as const;
export type Level = (typeof LEVELS)[number];

/** What is looked at: a kernel of a text, for a target, with numbers. */
export interface Subject {
  readonly text: string;
  readonly kernel: string;
  readonly target: Target;
  readonly sizes: Numbers;
  readonly params: Numbers;
}

export interface CheckedText {
  readonly problems: readonly Problem[];
  readonly tokens: readonly SemanticToken[];
  /** Names of kernels, in their order. */
  readonly kernels: readonly string[];
  /** No error: everything below the model can be asked for. */
  readonly ok: boolean;
}

/** A size or a param that a reader of the page can choose. */
export interface Choice {
  readonly name: string;
  readonly value: number;
  /** A constant of the compiled kernel: choosing another one compiles it again. */
  readonly fixed: boolean;
  /** Of params. */
  readonly type?: ScalarType;
}
export interface Outline {
  readonly doc?: string;
  readonly sizes: readonly Choice[];
  readonly params: readonly Choice[];
  /** Inputs with their declarations, for people. */
  readonly inputs: readonly { readonly name: string; readonly declared: string }[];
}

export interface Hover {
  readonly start: number;
  readonly end: number;
  readonly markdown: string;
}

export interface Picture {
  readonly svg: string;
  /** What it shows, in words. */
  readonly described: string;
}

/** A file that was dropped on the page. */
export interface DroppedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface RunReport {
  /** What it ran on. */
  readonly device: string;
  readonly onGpu: boolean;
  readonly sizes: Numbers;
  readonly params: Numbers;
  /** Inputs that came from files; the others are random. */
  readonly fromFiles: readonly string[];
  readonly outputs: readonly { readonly name: string; readonly summary: string }[];
  /** Absent where the interpreter would take too long, as `unchecked` says. */
  readonly agreement?: readonly OutputAgreement[];
  /** All outputs agree, or rounding explains those that do not. */
  readonly agrees?: boolean;
  readonly explained?: boolean;
  readonly unchecked?: string;
  /** Median over repetitions, in milliseconds; launches only where the device has timestamps. */
  readonly ms?: number;
  readonly timedBy?: 'device' | 'clock';
  readonly launches?: readonly LaunchTime[];
}

/** Why there is no answer. */
export interface Failure {
  readonly message: string;
  readonly code?: string;
  readonly hint?: string;
}

/** A type of question: what is asked, and what is answered. */
interface Question<Asked, Answer> {
  readonly asked: Asked;
  readonly answer: Answer;
}
export interface Questions {
  readonly check: Question<{ text: string }, CheckedText>;
  readonly rows: Question<{ text: string }, readonly Problem[]>;
  readonly hover: Question<
    { text: string; offset: number; target: Target; sizes: Numbers },
    Hover | undefined
  >;
  readonly complete: Question<{ text: string; offset: number }, readonly Completion[]>;
  readonly format: Question<{ text: string }, readonly Edit[]>;
  readonly outline: Question<{ text: string; kernel: string; gpu: boolean }, Outline>;
  readonly source: Question<Subject, string>;
  readonly level: Question<Subject & { level: Level }, string>;
  readonly cost: Question<Subject, Explanation>;
  readonly mask: Question<Subject, Picture>;
  readonly run: Question<Subject & { files: readonly DroppedFile[]; gpu: boolean }, RunReport>;
}
export type Kind = keyof Questions;
export type Asked<K extends Kind> = Questions[K]['asked'];
export type Answer<K extends Kind> = Questions[K]['answer'];

export interface Request<K extends Kind = Kind> {
  readonly id: number;
  readonly kind: K;
  readonly asked: Asked<K>;
}
export type Reply =
  { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly failure: Failure };

/** An error of the user's, as text. */
export const failureOf = ({ message, code, hint }: Diagnostic): Failure => ({
  message,
  code,
  ...(hint === undefined ? {} : { hint }),
});
