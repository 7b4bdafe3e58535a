/**
 * Text pairs for passes. The first line of a file says what is shown: `// passes: NAME, …` the semantic IR after those
 * passes, `// print: tile` the tiled program, `// print: scheduled` the same with plans and bounds, and `// print: launches` the kernels
 * without what they do; each followed by `with D=8, …` for sizes that are fixed. Then the source,
 * then `// ----` and what is expected. UPDATE_GOLDEN=1 writes the expected part.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkText, hasErrors, semanticIr } from '../../src/compile.ts';
import { printIr } from '../../src/ir/print.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { printProgram } from '../../src/kernel/print.ts';
import { IR_PASSES, lowerIr, normalizeIr, scheduleTile, type LoweringOptions } from '../../src/pipeline.ts';
import { tileProgram } from '../../src/tile/from-ir.ts';
import { NO_LIMITS } from '../../src/tile/plan.ts';
import { printTile } from '../../src/tile/print.ts';
import { verifyTile } from '../../src/tile/verify.ts';
import { expectGolden } from '../support/golden.ts';

const MARK = '// ----\n';
const HEADER =
  /^\/\/ (?<what>passes|print): (?<names>[\w-]+(?:, [\w-]+)*)(?: with (?<set>\w+=\d+(?:, \w+=\d+)*))?\n/;
const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.attn-pass'));

function shown(text: string): string {
  const header = HEADER.exec(text)?.groups;
  if (!header) throw new Error('the first line does not say what to show');
  const checked = checkText(text.slice(0, text.indexOf(MARK)));
  if (hasErrors(checked.diagnostics)) throw new Error(checked.diagnostics.map((d) => d.message).join('\n'));
  const ir = semanticIr(checked);
  const pairs = (header.set ?? '').split(', ').filter((pair) => pair !== '');
  const fixed = Object.fromEntries(pairs.map((pair) => [pair.split('=')[0]!, Number(pair.split('=')[1])]));
  const limits = NO_LIMITS;
  const options: LoweringOptions = { fixed, limits };
  if (header.what === 'print') {
    expect(['tile', 'scheduled', 'launches']).toContain(header.names);
    if (header.names === 'launches') {
      const { program } = lowerIr(ir, options);
      return printProgram({ ...program, kernels: program.kernels.map((k) => ({ ...k, body: [] })) });
    }
    const tile = tileProgram(normalizeIr(ir, options), fixed);
    verifyTile(tile);
    return printTile(header.names === 'scheduled' ? scheduleTile(tile, options) : tile);
  }
  const wanted = header.names!.split(', ');
  const after = wanted.reduce((k, name) => {
    const pass = IR_PASSES.find((p) => p.name === name);
    if (!pass) throw new Error(`there is no pass ${name}`);
    const next = pass.run(k, options, { forms: [] });
    verifyIr(next, name);
    return next;
  }, ir);
  return printIr(after);
}

describe('passes', () => {
  it('has pairs', () => expect(names.length).toBeGreaterThan(10));

  it.each(names)('%s', (name) => {
    const path = join(import.meta.dirname, name);
    const text = readFileSync(path, 'utf8');
    const source = text.includes(MARK) ? text.slice(0, text.indexOf(MARK) + MARK.length) : `${text}${MARK}`;
    expectGolden(path, source + shown(source));
  });
});
