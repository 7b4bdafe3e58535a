/** Axes, inputs, params, consts and requirements: what is known before any definition. */
import { constant, type Expr } from '../expr/expr.ts';
import { STORAGE } from '../expr/types.ts';
import type { SurfaceExpr } from '../syntax/ast.ts';
import type { ModelDim } from './model.ts';
import { axisTwice } from './rules/indices.ts';
import { expectedBool, wrongDefault } from './rules/types.ts';
import { docOf, SCALAR_TYPES, type ItemOf, type KernelState, type Place } from './state.ts';
import { axisOfRounds } from './names.ts';
import { checkStates } from './states.ts';
import { promote } from './typing.ts';

const SIZES = 'sizes and consts';
const EXTENT: Place = { what: 'an extent', kinds: ['size', 'const'], allowed: SIZES };
const CONST: Place = { what: 'the value of a const', kinds: ['const'], allowed: 'earlier consts' };
const REQUIRE: Place = {
  what: 'a requirement',
  kinds: ['size', 'const', 'param'],
  allowed: `${SIZES}, and params`,
};

type ScalarItem = ItemOf<'param' | 'const'>;

/** The item and those of its kind after it: they have no value yet. */
function notYet(s: KernelState, item: ScalarItem): Set<string> {
  return new Set(
    s.decl.items.flatMap((i) => (i.kind === item.kind && i.span.start >= item.span.start ? i.name.text : [])),
  );
}

/** A formula in the type that is declared for it. */
function typed(
  s: KernelState,
  e: SurfaceExpr,
  owner: string,
  place: Place,
  type: 'i32' | 'u32' | 'f32' | 'bool',
  wanted: string,
): Expr | undefined {
  const v = s.formula(e, owner, place);
  const expr = v && promote(v, type);
  if (v && !expr) s.report(wrongDefault(owner, v.expr.type, wanted, e.span));
  return expr;
}

function checkConst(s: KernelState, item: ScalarItem): void {
  const { text, span } = item.name;
  if (s.consts.some((c) => c.name === text)) return;
  const type = SCALAR_TYPES[item.type];
  const place = { ...CONST, except: notYet(s, item) };
  const expr = item.default && typed(s, item.default, text, place, type, item.type);
  s.consts.push({ name: text, type, value: expr ?? constant(type, 0), span });
}

const extent = (s: KernelState, e: SurfaceExpr, owner: string): Expr =>
  typed(s, e, owner, EXTENT, 'i32', 'int') ?? constant('i32', 0);

function checkAxis(s: KernelState, a: ItemOf<'axes'>['axes'][number]): void {
  const { text, span } = a.name;
  if (s.axisList.some((x) => x.name === text)) return;
  const e = extent(s, a.extent, text);
  const known = new Set(s.axisList.map((x) => x.name));
  const place: Place = {
    what: 'a derived axis',
    kinds: ['axis', 'size', 'const', 'param'],
    allowed: `earlier axes, ${SIZES}, and params`,
    except: new Set(
      [...s.declared.values()].flatMap((d) =>
        known.has(d.name.text) || d.kind !== 'axis' ? [] : d.name.text,
      ),
    ),
  };
  const derived = a.derived && typed(s, a.derived, text, place, 'i32', 'int');
  s.axisList.push({ name: text, extent: e, span, ...(derived ? { derived } : {}) });
}

function checkInput(s: KernelState, item: ItemOf<'in'>): void {
  const { text, span } = item.name;
  if (s.tensors.has(text)) return;
  const isAxis = (e: SurfaceExpr): boolean =>
    e.kind === 'name' && s.declared.get(e.name.text)?.kind === 'axis';
  const names = item.type.dims.flatMap((e) => (e.kind === 'name' && isAxis(e) ? [e.name] : []));
  const dims = item.type.dims.map((e): ModelDim => {
    if (e.kind !== 'name' || !isAxis(e)) return { extent: extent(s, e, text) };
    s.lookup(e.name);
    return s.dimOf(e.name.text);
  });
  names.forEach((n, at) => {
    if (names.findIndex((m) => m.text === n.text) === at) return;
    const hint = 'write the extent instead for one of the two, and index that dimension explicitly';
    s.report({ ...axisTwice(n), hint });
  });
  const storage = item.type.storage ?? 'f32';
  const tensor = { name: text, storage, dims, span, ...docOf(item) };
  s.tensors.set(text, tensor);
  if (!item.default) return;
  const own = new Set(names.map((n) => n.text));
  const place: Place = {
    what: `the default of \`${text}\``,
    kinds: ['axis', 'size', 'const', 'param'],
    allowed: `the axes of \`${text}\`, ${SIZES}, and params`,
    except: new Set(s.axisList.map((a) => a.name).filter((a) => !own.has(a))),
  };
  const type = STORAGE[storage].value;
  const expr = typed(s, item.default, text, place, type, storage);
  s.tensors.set(text, { ...tensor, default: expr ?? constant(type, 0) });
}

function checkParam(s: KernelState, item: ScalarItem): void {
  const { text, span } = item.name;
  if (s.params.some((p) => p.name === text)) return;
  const type = SCALAR_TYPES[item.type];
  const place: Place = {
    ...REQUIRE,
    what: 'the default of a param',
    allowed: `${SIZES}, and earlier params`,
    except: notYet(s, item),
  };
  const expr = item.default && typed(s, item.default, text, place, type, item.type);
  s.params.push({ name: text, type, span, ...(expr ? { default: expr } : {}), ...docOf(item) });
}

function checkRequire(s: KernelState, item: ItemOf<'require'>): void {
  const v = s.formula(item.condition, 'require', REQUIRE);
  if (!v) return;
  const { span } = item.condition;
  if (v.expr.type !== 'bool') s.report(expectedBool('a requirement', v.expr.type, span));
  else s.requires.push({ condition: v.expr, span });
}

/** Checks every declaration, in an order in which each sees what it may mention. */
export function checkDeclarations(s: KernelState): void {
  const { items } = s.decl;
  for (const item of items) if (item.kind === 'const') checkConst(s, item);
  for (const item of items) {
    const rounds = item.kind === 'recurrence' ? axisOfRounds(item) : undefined;
    if (rounds) checkAxis(s, rounds);
  }
  for (const item of items) if (item.kind === 'axes') item.axes.forEach((a) => checkAxis(s, a));
  for (const item of items) if (item.kind === 'in') checkInput(s, item);
  for (const item of items) {
    if (item.kind === 'param') checkParam(s, item);
    if (item.kind === 'require') checkRequire(s, item);
  }
  checkStates(s);
}
