/** Documents: the open ones as their editor has them, others as they are stored. An analysis lives until something it read changes. */
import { joinPath } from '../model/path.ts';
import { analyse, type Analysis } from './analysis.ts';
import { KernelCache } from './kernel-cache.ts';
import { libraryText } from './keys.ts';

/** Where documents that are not open come from. */
export interface Host {
  read(key: string): string | undefined;
  /** Keys of all `.attn` files below folders of the project, for questions about every use of a name. */
  list?(folders: readonly string[]): readonly string[];
}

export class Workspace {
  private readonly open = new Map<string, string>();
  private readonly analyses = new Map<string, Analysis>();
  private readonly kernels = new Map<string, KernelCache>();

  /** Keys of the folders that the editor has open. */
  folders: readonly string[] = [];

  constructor(private readonly host: Host) {}

  /** Takes the text that an editor has. @returns documents of which nothing is known any more: this one, and those that read it */
  set(key: string, text: string): readonly string[] {
    this.open.set(key, text);
    return this.forget(key);
  }

  close(key: string): readonly string[] {
    this.open.delete(key);
    this.kernels.delete(key);
    return this.forget(key);
  }

  /** To be called when a file changed where it is stored. */
  forget(key: string): readonly string[] {
    const readers = [...this.analyses].filter(([, a]) => a.read.has(key)).map(([other]) => other);
    const all = [...new Set([key, ...readers])];
    for (const other of all) this.analyses.delete(other);
    return all;
  }

  textOf(key: string): string | undefined {
    return this.open.get(key) ?? libraryText(key) ?? this.host.read(key);
  }

  isOpen(key: string): boolean {
    return this.open.has(key);
  }

  /** Undefined when there is no such document. */
  analysis(key: string): Analysis | undefined {
    const known = this.analyses.get(key);
    if (known) return known;
    const text = this.textOf(key);
    if (text === undefined) return undefined;
    const kernels = this.kernels.get(key) ?? new KernelCache();
    this.kernels.set(key, kernels);
    const made = analyse(key, text, (path, from) => this.textOf(joinPath(from, path)), kernels);
    this.analyses.set(key, made);
    return made;
  }

  /** Every file in which a name may be used that is declared in `key`. */
  files(key: string): readonly string[] {
    return [...new Set([key, ...this.open.keys(), ...(this.host.list?.(this.folders) ?? [])])];
  }
}
