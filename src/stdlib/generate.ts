/** Makes `bundle.ts` from the library's files, so that the core needs no IO to have them. */

/**
 * Source text of the bundle module.
 * @param files texts by name without ending, in any order; the output is sorted by name
 */
export function generateBundle(files: Readonly<Record<string, string>>): string {
  const names = Object.keys(files).sort();
  const rows = names.map((name) => `  ${JSON.stringify(name)}: ${quote(files[name]!)},`);
  return [
    '/** The standard library as text. Generated from `src/stdlib/*.attn`; do not edit. */',
    'export const STDLIB: Readonly<Record<string, string>> = {',
    ...rows,
    '};',
    '',
  ].join('\n');
}

const quote = (text: string): string =>
  '`' + text.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${') + '`';
