/** Identifiers of Python and C++ for the names of a kernel: the same in both, since both have them as arguments. */
import { identifier } from '../../backends/cuda/names.ts';

const KEYWORDS = `False None True and as assert async await break class continue def del elif else except finally for from global if
  import in is lambda nonlocal not or pass raise return try while with yield match case type`;
/** What generated text itself uses. */
const USED = `torch math abs min max range reversed int float bool len tuple device dtype self print sum any all round pow Tensor annotations
  at c10 attnc args guard workspace m`;
const RESERVED: ReadonlySet<string> = new Set(`${KEYWORDS} ${USED}`.split(/\s+/));

/** The identifier nearest to `name`: other characters become `_`, and words of the language get a trailing one. */
export function pythonIdentifier(name: string): string {
  const safe = identifier(name);
  return RESERVED.has(safe) ? `${safe}_` : safe;
}

/** Gives each kind of thing and name one identifier; `wanted` is what it should look like. */
export type PythonNamer = (kind: string, name: string, wanted?: string) => string;

export function pythonNamer(taken: readonly string[] = []): PythonNamer {
  const given = new Map<string, string>();
  const used = new Set(taken);
  return (kind, name, wanted = name) => {
    const id = `${kind} ${name}`;
    const known = given.get(id);
    if (known !== undefined) return known;
    const base = pythonIdentifier(wanted);
    let chosen = base;
    for (let n = 2; used.has(chosen); n++) chosen = `${base}_${n}`;
    used.add(chosen);
    given.set(id, chosen);
    return chosen;
  };
}
