/** Reads a schema of an operator as PyTorch's own parser does, as far as bindings use its grammar. */

export interface Schema {
  readonly name: string;
  readonly arguments: readonly { readonly type: string; readonly name: string }[];
  readonly results: number;
}

/** @throws Error for text that is no schema */
export function parseSchema(text: string): Schema {
  const whole =
    /^(?<name>[A-Za-z_]\w*)\((?<args>[^()]*)\) -> (?<results>Tensor|\((?:Tensor(?:, Tensor)*)\))$/.exec(text);
  if (!whole?.groups) throw new Error(`no schema: ${text}`);
  const { name, args, results } = whole.groups;
  const parsed = args!.split(', ').map((arg) => {
    const found = /^(Tensor|int|float|bool) ([A-Za-z_]\w*)$/.exec(arg);
    if (!found) throw new Error(`no argument: ${arg}`);
    return { type: found[1]!, name: found[2]! };
  });
  if (new Set(parsed.map((a) => a.name)).size !== parsed.length)
    throw new Error(`two arguments of one name: ${text}`);
  return { name: name!, arguments: parsed, results: results!.split(',').length };
}
