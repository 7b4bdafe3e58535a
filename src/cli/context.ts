/** What every command gets, and what it gives back. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Io } from './io.ts';
import type { Sources } from './sources.ts';

export interface Context {
  readonly io: Io;
  readonly json: boolean;
  /** Texts read so far, for code frames. */
  readonly sources: Sources;
  /** Says something to a person while the command works; silent with --json. */
  note(text: string): void;
  /** Prints a part of the result as soon as it is there; silent with --json. */
  say(text: string): void;
  /** A bar on stderr where somebody watches it. */
  progress(total: number, label: string): Progress;
}

export interface Progress {
  step(label?: string): void;
  stop(): void;
}

export interface CommandResult {
  readonly ok: boolean;
  readonly diagnostics?: readonly Diagnostic[];
  /** Further fields of the JSON answer. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** What a person reads on stdout. */
  readonly text?: string;
}

/** Runs a command's body, prints its result and sets the exit code. */
export type Runner = (
  name: string,
  json: boolean,
  body: (context: Context) => Promise<CommandResult>,
) => Promise<void>;
