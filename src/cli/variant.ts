/** The flags that choose a kernel and its variant, shared by several commands. */
import type { Command } from 'commander';
import { STORAGE, type StorageType } from '../expr/types.ts';
import { ARTEFACTS, type Artefact } from '../ir/artefacts/artefact.ts';
import type { Variant } from './pipeline.ts';
import { collect, oneOf, parseNumbers, parseSizes, UsageError } from './usage.ts';

export interface VariantOptions {
  readonly kernel?: string;
  readonly set?: string[];
  readonly const?: string[];
  readonly absent?: string[];
  readonly storage?: string[];
  readonly artefact?: Artefact;
}

/** Adds `--kernel --set --const --absent --storage`; `set` is the help for the second. */
export function addVariantOptions(
  command: Command,
  set = 'fix a size at compile time (repeatable)',
): Command {
  return command
    .option('--kernel <name>', 'which kernel of the file')
    .option('--set <name=size>', set, collect)
    .option('--const <name=value>', 'override a const (repeatable)', collect)
    .option('--absent <name>', 'compile without an optional input (repeatable)', collect)
    .option('--storage <name=type>', 'other element type for an input or output (repeatable)', collect);
}

/** Adds `--artefact`: which kernel of a recurrence. */
export function addArtefactOption(command: Command): Command {
  return command.option(
    '--artefact <name>',
    `which kernel of a recurrence: ${ARTEFACTS.join(', ')}`,
    oneOf('artefact', ARTEFACTS),
  );
}

const STORAGES = Object.keys(STORAGE) as readonly StorageType[];

/** @throws UsageError for malformed flags. */
export function variantOf(options: VariantOptions, kernel: string): Variant {
  const storage: Record<string, StorageType> = {};
  for (const text of options.storage ?? []) {
    const [name, type, ...more] = text.split('=');
    if (!name || type === undefined || more.length > 0)
      throw new UsageError(`--storage ${text}: expected NAME=TYPE`);
    storage[name] = oneOf('storage', STORAGES)(type);
  }
  return {
    kernel,
    set: Object.fromEntries(parseSizes('set', options.set)),
    consts: Object.fromEntries(parseNumbers('const', options.const)),
    absent: new Set(options.absent),
    storage,
    ...(options.artefact ? { artefact: options.artefact } : {}),
  };
}
