/** Identifiers of a kernel: unique, valid in every target, close to the names in the spec. */

/** Words that some target reserves, and names that lowering itself declares. */
const TAKEN = [
  ...['workgroup', 'lane', 'subgroup', 'subgroup_number', 'subgroups', 'warp', 'group', 'member', 'quad'],
  ...['exchange', 'exchange_i32', 'exchange_u32', 'exchange_index'],
  ...['half', 'float', 'int', 'bool', 'u', 'sizes'],
];

export class Names {
  private readonly taken = new Set<string>(TAKEN);

  reserve(name: string): void {
    this.taken.add(name);
  }

  /** A fresh identifier made from `base`. */
  fresh(base: string): string {
    const clean = identifier(base);
    let name = clean;
    for (let n = 2; this.taken.has(name); n++) name = `${clean}_${n}`;
    this.taken.add(name);
    return name;
  }
}

/** Letters, digits and single underscores, not beginning with a digit. */
export function identifier(base: string): string {
  const clean = base.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  return /^[0-9]/.test(clean) || clean === '' ? `v${clean}` : clean;
}
