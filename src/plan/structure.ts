/**
 * What a stage is, as far as a plan cares: which axes it runs over and in which role, what it loads, contracts, carries and
 * stores. Names, sizes and formulas are left out, so that a plan outlives edits of the text that change no loop.
 */
import type { Expr, ReduceExpr } from '../expr/expr.ts';
import type { Block, Pass, Recurrence, Stage, Step, StepStore, TileDef } from '../tile/tile.ts';

type Tree = string | number | boolean | readonly Tree[];

/** Numbers things in the order in which they are met. */
class Roles {
  private readonly roles = new Map<string, string>();

  add(kind: string, names: readonly string[]): void {
    names.forEach((n, i) => this.roles.set(n, `${kind}${i}`));
  }

  of(name: string | undefined): string {
    return name === undefined ? '-' : (this.roles.get(name) ?? '?');
  }

  all(names: readonly string[]): Tree {
    return names.map((n) => this.of(n));
  }
}

const names = (xs: readonly { readonly name: string }[]): string[] => xs.map((x) => x.name);

function valueTree(e: Expr | ReduceExpr, roles: Roles): Tree {
  return e.kind === 'reduce' ? ['reduce', e.op, roles.all(e.axes)] : 'value';
}

const defTree = (d: TileDef, roles: Roles): Tree => [
  d.site,
  d.type,
  roles.all(d.vectors),
  valueTree(d.value, roles),
];

function stepTree(s: Step, roles: Roles): Tree {
  switch (s.kind) {
    case 'reference':
      return [s.kind, s.base];
    case 'fold':
      return [s.kind, s.op, s.type, roles.of(s.keep), roles.of(s.scaledBy)];
    case 'accumulate':
      return [s.kind, roles.of(s.operand), roles.of(s.vector), roles.of(s.keep), roles.of(s.scaledBy)];
  }
}

function passTree(p: Pass, roles: Roles): Tree {
  roles.add('o', names(p.operands));
  roles.add('k', names(p.keeps));
  roles.add('x', names(p.steps));
  return [
    p.defs.map((d) => defTree(d, roles)),
    p.operands.map((o) => [o.site, roles.of(o.vector), o.storage]),
    p.contractions.map((c) => [roles.of(c.vector), roles.of(c.rows), roles.of(c.cols)]),
    p.keeps.map((k) => k.where !== undefined),
    p.steps.map((s) => stepTree(s, roles)),
    p.stores.map((s) => [s.site, roles.all(s.vectors), roles.of(s.keep)]),
    p.finish.map((d) => defTree(d, roles)),
  ];
}

function recurrenceTree(r: Recurrence, roles: Roles): Tree {
  roles.add('t', [r.axis.name]);
  return [
    r.reverse,
    r.states.map((s) => [s.type, roles.all(s.indices)]),
    r.defs.map((d) => [d.type, roles.all(d.indices), valueTree(d.value, roles)]),
    r.stores.map((s) => along(s, roles)),
    r.finals.map((s) => along(s, roles)),
  ];
}

const along = (s: StepStore, roles: Roles): Tree =>
  s.indices.map((a) => (typeof a === 'number' ? a : roles.of(a)));

function blockTree(b: Block, roles: Roles): Tree {
  if (b.walk) roles.add('w', [b.walk.axis]);
  return [
    ...(b.walk ? [[b.walk.extent, b.walk.reverse]] : []),
    b.states.map((s) => [s.type, s.reverse, roles.all(s.indices)]),
    b.defs.map((d) => [d.type, roles.all(d.indices), valueTree(d.value, roles)]),
    b.stores.map((s) => roles.all(s.axes)),
  ];
}

function stageTree(s: Stage): Tree {
  const roles = new Roles();
  roles.add('b', names(s.batch));
  roles.add('r', names(s.row));
  roles.add('s', names(s.stream));
  roles.add('v', names(s.vectors));
  roles.add('q', names(s.rowOperands));
  return [
    [s.batch, s.row, s.stream, s.vectors].map((axes) => axes.length),
    s.prologue.map((d) => defTree(d, roles)),
    s.rowOperands.map((o) => [roles.of(o.vector), o.storage]),
    s.passes.map((p) => passTree(p, roles)),
    s.stores.map((x) => [x.site, roles.all(x.vectors)]),
    s.recurrence ? recurrenceTree(s.recurrence, roles) : s.block ? blockTree(s.block, roles) : '-',
  ];
}

/** FNV-1a of 64 bits: a collision would only pair a plan with a stage that `plan-fits` has to judge anyway. */
function hash(text: string): string {
  let h = 0xcbf29ce484222325n;
  for (let n = 0; n < text.length; n++) {
    h ^= BigInt(text.charCodeAt(n));
    h = (h * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return h.toString(16).padStart(16, '0');
}

/** 16 hexadecimal digits, equal for stages that are built alike. @param s before it is planned */
export const structureOf = (s: Stage): string => hash(JSON.stringify(stageTree(s)));
