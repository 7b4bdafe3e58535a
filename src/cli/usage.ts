/** Values on the command line: `NAME=VALUE` pairs and tensor bindings. */
import { type Diagnostic } from '../diagnostics/diagnostic.ts';

/** Wrong usage: exit code 2. */
export class UsageError extends Error {
  readonly diagnostic: Diagnostic;
  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'UsageError';
    this.diagnostic = { code: 'E0700', severity: 'error', message, ...(hint ? { hint } : {}) };
  }
}

/** Collects a repeatable option; one value may also list several, separated by commas. */
export const collect = (value: string, previous: readonly string[] = []): string[] => [
  ...previous,
  ...value.split(','),
];
/** Collects a repeatable option whose values may contain commas. */
export const collectWhole = (value: string, previous: readonly string[] = []): string[] => [
  ...previous,
  value,
];

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function splitPair(option: string, text: string): [string, string] {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  if (at < 0 || !NAME.test(name)) throw new UsageError(`--${option} ${text}: expected NAME=VALUE`);
  return [name, text.slice(at + 1)];
}

function unique<T>(option: string, pairs: readonly (readonly [string, T])[]): Map<string, T> {
  const out = new Map<string, T>();
  for (const [name, value] of pairs) {
    if (out.has(name)) throw new UsageError(`--${option} gives ${name} twice`);
    out.set(name, value);
  }
  return out;
}

/** `--set N=4096`: whole numbers from 0 to 2^31 - 1. */
export function parseSizes(option: string, texts: readonly string[] = []): Map<string, number> {
  return unique(
    option,
    texts.map((text) => {
      const [name, value] = splitPair(option, text);
      const size = /^\d{1,10}$/.test(value) ? Number(value) : NaN;
      if (!(size < 2 ** 31))
        throw new UsageError(`--${option} ${text}: a size is a whole number from 0 to 2147483647`);
      return [name, size];
    }),
  );
}

/** `--param window=128`, `--param scale=0.5`, `--param exact=true`; booleans become 0 and 1. */
export function parseNumbers(option: string, texts: readonly string[] = []): Map<string, number> {
  return unique(
    option,
    texts.map((text) => {
      const [name, value] = splitPair(option, text);
      const words: Readonly<Record<string, number>> = { true: 1, false: 0 };
      const number = words[value] ?? (value.trim() === '' ? NaN : Number(value));
      if (!Number.isFinite(number))
        throw new UsageError(`--${option} ${text}: ${value || 'nothing'} is not a number`);
      return [name, number];
    }),
  );
}

/** A tensor file named on the command line. `name` is absent when the file's own names bind. */
export interface TensorPath {
  readonly name?: string;
  readonly path: string;
  /** Tensor inside an archive. */
  readonly member?: string;
}

/** `q=q.npy`, `q=all.safetensors:layer.0.q`, or `all.safetensors`. */
export function parseTensorPaths(option: string, texts: readonly string[] = []): TensorPath[] {
  return texts.map((text) => {
    const named = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text);
    const rest = named ? named[2]! : text;
    const inside = /^(.*\.(?:npz|safetensors)):(.+)$/is.exec(rest);
    const path = inside ? inside[1]! : rest;
    if (path === '') throw new UsageError(`--${option} ${text}: expected NAME=FILE or FILE`);
    if (!named && inside)
      throw new UsageError(`--${option} ${text}: say which tensor it is: --${option} NAME=${text}`);
    return { path, ...(named ? { name: named[1]! } : {}), ...(inside ? { member: inside[2]! } : {}) };
  });
}

/** A whole number option such as `--cases`. */
export function wholeNumber(option: string, least: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (!(value >= least))
      throw new UsageError(`--${option} ${text}: expected a whole number from ${least} up`);
    return value;
  };
}

/** Chooses among named things, with the list in the message. */
export function oneOf<T extends string>(option: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined)
      throw new UsageError(`--${option} ${text}: expected one of ${choices.join(', ')}`);
    return found;
  };
}
