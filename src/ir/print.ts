/** The semantic IR as deterministic text, for `--emit ir`, goldens and pass tests. */
import { printExpr } from '../expr/print.ts';
import type { IrKernel, IrTensor } from './ir.ts';

const dims = (t: IrTensor): string => t.dims.map((d) => d.axis ?? printExpr(d.extent)).join(', ');

/** One line per part; definitions in dependence order. */
export function printIr(k: IrKernel): string {
  const lines = [`kernel ${k.name} {`];
  const add = (text: string): void => void lines.push(`  ${text}`);
  if (k.sizes.length > 0) add(`sizes ${k.sizes.join(', ')}`);
  for (const a of k.axes) add(`axis ${a.name}: ${printExpr(a.extent)}`);
  for (const p of k.params) add(`param ${p.name}: ${p.type}${p.default ? ` = ${printExpr(p.default)}` : ''}`);
  for (const r of k.requires) add(`require ${printExpr(r.condition)}`);
  for (const t of k.tensors) add(`in ${t.name}: ${t.storage}[${dims(t)}]${t.optional ? ' optional' : ''}`);
  for (const m of k.masks) add(`mask ${printExpr(m)}`);
  for (const s of k.states)
    add(
      `state ${s.name}[${s.indices.join(', ')}]: ${s.type} along ${s.reverse ? 'reverse ' : ''}${s.axis} from ${printExpr(s.init)} then ${s.next}; last ${s.final}`,
    );
  for (const d of k.defs)
    add(
      `${d.stored ? 'stored ' : ''}${d.inStepsOf === undefined ? '' : `in steps of ${d.inStepsOf} `}${d.role} ${d.name}[${d.indices.join(', ')}]: ${d.type} = ${printExpr(d.value)}`,
    );
  for (const o of k.outputs) add(`out ${o.name}: ${o.storage}[${o.indices.join(', ')}] = ${o.def}`);
  return [...lines, '}', ''].join('\n');
}
