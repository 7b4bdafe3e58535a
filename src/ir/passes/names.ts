/** Gives names that no other part of the kernel has. */
export class FreshNames {
  private readonly taken: Set<string>;
  /** The number from which on none is taken, by base: names are never given back. */
  private readonly next = new Map<string, number>();

  constructor(taken: Iterable<string>) {
    this.taken = new Set(taken);
  }

  fresh(base: string): string {
    let name = base;
    let n = this.next.get(base) ?? 2;
    for (; this.taken.has(name); n++) name = `${base}_${n}`;
    this.next.set(base, n);
    this.taken.add(name);
    return name;
  }
}
