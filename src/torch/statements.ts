/** Statements of a formula: one assignment per definition, one loop per group of states. */
import { CompilerBug, userError } from '../diagnostics/diagnostic.ts';
import { printExpr } from '../expr/print.ts';
import type { IrDef, IrState } from '../ir/ir.ts';
import { DTYPE } from './operations.ts';
import { inOrder, isReadOutside, nodeName, type Node } from './order.ts';
import { extentOf, extentText, type Machine, type Scope, type Source } from './scope.ts';
import { expand, LEVEL, permuted, type Value } from './value.ts';
import type { Writer } from './writer.ts';

/** Writes all `nodes`; states in `running` are those of loops around. */
export function statements(
  w: Writer,
  nodes: readonly Node[],
  scope: Scope,
  running: ReadonlySet<string>,
  depth: number,
): void {
  for (const part of inOrder(nodes, running))
    if (part.kind === 'def') assign(w, part.def, scope, depth);
    else loop(w, part.nodes, scope, running, depth);
}

const left = (indices: readonly string[], scope: Scope): string[] => indices.filter((a) => !scope.at.has(a));

/** A value over axes, of which those that loops go along are at their present step. */
function sourceOf(
  m: Machine,
  text: string,
  type: IrDef['type'],
  indices: readonly string[],
  has: readonly string[],
  at: Scope['at'],
): Source {
  return {
    text,
    type,
    dims: indices.map((a) => ({
      extent: extentOf(m, a),
      kind: at.has(a) ? 'at' : has.includes(a) ? 'whole' : 'absent',
    })),
  };
}

function assign(w: Writer, def: IrDef, scope: Scope, depth: number): void {
  const { machine: m } = w;
  const axes = left(def.indices, scope);
  const made = w.translate(def.value, { axes, at: scope.at });
  // A number would become a tensor of PyTorch's default type.
  const text = made.tensor
    ? made.text
    : `torch.full((), ${made.text}, dtype=${DTYPE[def.type]}, device=device)`;
  const own = m.name('def', def.name);
  w.write(depth, `# ${def.name}[${def.indices.join(', ')}] = ${printExpr(def.value)}`);
  w.write(depth, `${own} = ${text}`);
  m.sources.set(def.name, sourceOf(m, own, def.type, def.indices, made.axes, scope.at));
}

/** States whose steps need each other; where rounds are taken inside of a step, their loop is inside. */
function loop(
  w: Writer,
  nodes: readonly Node[],
  scope: Scope,
  running: ReadonlySet<string>,
  depth: number,
): void {
  const { machine: m } = w;
  const states = nodes.flatMap((n) => (n.kind === 'state' ? [n.state] : []));
  const axis = states.map((s) => s.axis).find((a) => states.every((s) => s.indices.includes(a)));
  const outer = states.filter((s) => s.axis === axis);
  const [first] = outer;
  if (axis === undefined || !first || outer.some((s) => s.reverse !== first.reverse))
    throw userError(
      'E0660',
      `PyTorch has no formula for states that need each other along different axes: ${states.map((s) => `\`${s.name}\``).join(', ')}`,
      {
        hint: 'such a kernel does not compile for any target: see E0613',
      },
    );
  for (const s of outer) w.write(depth, `${m.name('state', s.name)} = ${initial(w, s, scope)}`);
  const extent = extentText(m, axis);
  const loopName = m.name('loop', axis, axis);
  const kept = nodes.filter((n) => isReadOutside(m.kernel, nodeName(n), nodes));
  const listOf = (n: Node): string => m.name('steps', nodeName(n), `${nodeName(n)}_steps`);
  for (const n of kept) w.write(depth, `${listOf(n)} = [None] * ${extent}`);
  const range = first.reverse ? `reversed(range(${extent}))` : `range(${extent})`;
  w.write(depth, `for ${loopName} in ${range}:`);
  w.enter(depth + 1);
  const inner: Scope = { axes: [], at: new Map([...scope.at, [axis, loopName]]) };
  for (const s of outer) {
    const has = s.indices;
    m.sources.set(s.name, sourceOf(m, m.name('state', s.name), s.type, s.indices, has, inner.at));
  }
  const keep = (n: Node): void => {
    if (kept.includes(n))
      w.write(depth + 1, `${listOf(n)}[${loopName}] = ${m.sources.get(nodeName(n))!.text}`);
  };
  const outerNodes = nodes.filter((n) => n.kind === 'state' && outer.includes(n.state));
  outerNodes.forEach(keep);
  const rest = nodes.filter((n) => !outerNodes.includes(n));
  statements(w, rest, inner, new Set([...running, ...outer.map((s) => s.name)]), depth + 1);
  rest.forEach(keep);
  const next = outer.map((s) => nextValue(m, s, inner));
  w.write(depth + 1, `${outer.map((s) => m.name('state', s.name)).join(', ')} = ${next.join(', ')}`);
  w.leave(depth);
  for (const s of outer) {
    const indices = s.indices.filter((a) => a !== axis);
    m.sources.set(s.final, sourceOf(m, m.name('state', s.name), s.type, indices, indices, scope.at));
  }
  for (const n of kept) gather(w, n, axis, listOf(n), scope, depth);
}

function initial(w: Writer, s: IrState, scope: Scope): string {
  const indices = left(
    s.indices.filter((a) => a !== s.axis),
    scope,
  );
  const value = w.translate(s.init, { axes: indices, at: scope.at });
  return typed(
    expand(value, indices, (a) => extentText(w.machine, a)),
    value,
    s.type,
  );
}

/** A number that became a tensor has the type of the formula. */
function typed(full: Value, value: Value, type: IrState['type']): string {
  if (value.tensor) return full.text;
  const shape = /, (\(.*\))\)$/.exec(full.text)?.[1] ?? '()';
  return `torch.full(${shape}, ${value.text}, dtype=${DTYPE[type]}, device=device)`;
}

function nextValue(m: Machine, s: IrState, inner: Scope): string {
  const source = m.sources.get(s.next);
  const def = m.kernel.defs.find((d) => d.name === s.next);
  if (!source || !def) throw new CompilerBug('torch', `state ${s.name} has no next value`);
  const has = def.indices.filter((_, n) => source.dims[n]!.kind === 'whole');
  const order = left(def.indices, inner);
  const value: Value = { text: source.text, level: LEVEL.atom, axes: has, tensor: true, type: s.type };
  const full = expand(value, order, (a) => extentText(m, a));
  return permuted(full.text, order, left(s.indices, inner));
}

/** All steps of a value, as one tensor with the axis of the loop where its indices have it. */
function gather(w: Writer, n: Node, axis: string, list: string, scope: Scope, depth: number): void {
  const { machine: m } = w;
  const { name, type, indices } = n.kind === 'def' ? n.def : n.state;
  const source = m.sources.get(name)!;
  const has = indices.filter((a, k) => a === axis || source.dims[k]!.kind === 'whole');
  const own = m.name('all', name, `${name}_all`);
  w.write(depth, `${own} = torch.stack(${list}, dim=${has.indexOf(axis)})`);
  m.sources.set(name, sourceOf(m, own, type, indices, has, scope.at));
}
