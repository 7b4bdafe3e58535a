/** Functions of a file: its own, imported ones and the standard library; each checked once, where it is declared. */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { STDLIB } from '../stdlib/bundle.ts';
import type { FnDecl, ImportDecl, Name, SourceFile, SurfaceExpr } from '../syntax/ast.ts';
import { parseSource } from '../syntax/parse.ts';
import { walkExpr } from '../syntax/walk.ts';
import {
  builtinDoc,
  CALLABLE_NAMES,
  castOf,
  isConstant,
  isReduction,
  isSpecial,
  scalarFunction,
} from './builtins.ts';
import { joinPath } from './path.ts';
import type { FnScope, Loader, ModelFn, ModelSymbol, Reference } from './model.ts';
import { argumentCount, notAnAxis, wrongArguments, wrongAxes } from './rules/calls.ts';
import { recursiveFunction } from './rules/cycle.ts';
import { builtinName, duplicateName } from './rules/duplicate-name.ts';
import { importCycle, importNotFound, notExported } from './rules/imports.ts';
import { unknownFunction, unknownName } from './rules/unknown-name.ts';

export class Scope implements FnScope {
  readonly own = new Map<string, ModelFn>();
  readonly imported = new Map<string, ModelFn>();

  constructor(private readonly base: FnScope | undefined) {}

  lookup(name: string): ModelFn | undefined {
    return this.own.get(name) ?? this.imported.get(name) ?? this.base?.lookup(name);
  }
  names(): Iterable<string> {
    return new Set([...this.own.keys(), ...this.imported.keys(), ...(this.base?.names() ?? [])]);
  }
}

let std: Scope | undefined;
/** The standard library's functions, parsed at first use. */
export function standardScope(): FnScope {
  if (std) return std;
  std = new Scope(undefined);
  for (const [name, text] of Object.entries(STDLIB))
    for (const decl of parseSource(text, `std:${name}`).file.fns)
      std.own.set(decl.name.text, { decl, scope: std });
  return std;
}

/** One line that says how a function is called. */
export function fnDetail(decl: FnDecl): string {
  const axes = decl.axes.length > 0 ? `[${decl.axes.map((a) => a.text).join(', ')}]` : '';
  return `fn ${decl.name.text}${axes}(${decl.params.map((p) => p.text).join(', ')})`;
}
export function fnSymbol(decl: FnDecl): ModelSymbol {
  return {
    kind: 'function',
    name: decl.name.text,
    span: decl.name.span,
    detail: fnDetail(decl),
    ...(decl.doc === undefined ? {} : { doc: decl.doc }),
  };
}
export function builtinSymbol(name: string): ModelSymbol {
  return { kind: 'builtin', name, detail: builtinDoc(name) ?? name };
}

/** Collects what one check finds about functions. */
export class FnChecker {
  readonly symbols: ModelSymbol[] = [];
  readonly references: Reference[] = [];
  private readonly loaded = new Map<string, Scope>();

  constructor(
    private readonly loader: Loader,
    private readonly report: (d: Diagnostic) => void,
  ) {}

  /** The functions that `file` sees; imported files are loaded and checked on the way. */
  scopeOf(file: SourceFile, path: readonly string[] = [file.source]): Scope {
    const scope = new Scope(standardScope());
    this.loaded.set(file.source, scope);
    for (const decl of file.fns) {
      const first = scope.own.get(decl.name.text);
      if (first) this.report(duplicateName(decl.name, first.decl.name.span, 'function'));
      else if (CALLABLE_NAMES.includes(decl.name.text)) this.report(builtinName(decl.name));
      else scope.own.set(decl.name.text, { decl, scope });
    }
    for (const i of file.imports) this.import(i, file, scope, path);
    const main = path.length === 1;
    for (const fn of scope.own.values()) this.checkFn(fn, scope, main);
    for (const fn of scope.own.values()) this.checkRecursion(fn);
    return scope;
  }

  private import(i: ImportDecl, file: SourceFile, scope: Scope, path: readonly string[]): void {
    const from = i.from === 'std' ? standardScope() : this.load(i, file, path);
    if (!from) return;
    const available = from instanceof Scope ? [...from.own.keys()] : [...from.names()];
    const names = i.names ?? available.map((text): Name => ({ text, span: i.fromSpan }));
    for (const name of names) {
      const fn = available.includes(name.text) ? from.lookup(name.text) : undefined;
      if (!fn) {
        this.report(notExported(name, i.from, available));
        continue;
      }
      const other = scope.own.get(name.text) ?? scope.imported.get(name.text);
      if (other && other !== fn) this.report(duplicateName(name, other.decl.name.span, 'function'));
      else scope.imported.set(name.text, fn);
      if (path.length === 1 && i.names) this.references.push({ span: name.span, symbol: fnSymbol(fn.decl) });
    }
  }

  private load(i: ImportDecl, file: SourceFile, path: readonly string[]): Scope | undefined {
    const source = joinPath(file.source, i.from);
    if (path.includes(source)) {
      this.report(importCycle(i, [...path.slice(path.indexOf(source)), source]));
      return undefined;
    }
    const ready = this.loaded.get(source);
    if (ready) return ready;
    const isPath = i.from.startsWith('.') || i.from.startsWith('/');
    const text = isPath && path.length < 64 ? this.loader(i.from, file.source) : undefined;
    if (text === undefined) {
      this.report(importNotFound(i));
      return undefined;
    }
    const parsed = parseSource(text, source);
    parsed.diagnostics.forEach((d) => this.report(d));
    return this.scopeOf(parsed.file, [...path, source]);
  }

  /** Names, counts of arguments and axes: what can be said about a function without a call. */
  private checkFn(fn: ModelFn, scope: Scope, main: boolean): void {
    const { decl } = fn;
    const locals = new Map<string, ModelSymbol>();
    const note = (span: Span, symbol: ModelSymbol): void => {
      if (main) this.references.push({ span, symbol });
    };
    const declare = (name: Name, kind: ModelSymbol['kind'], detail: string): void => {
      const first = locals.get(name.text);
      if (first?.span) this.report(duplicateName(name, first.span, kind));
      const symbol: ModelSymbol = { kind, name: name.text, span: name.span, detail };
      locals.set(name.text, symbol);
      if (main) this.symbols.push(symbol);
      note(name.span, symbol);
    };
    const symbol = fnSymbol(decl);
    if (main) this.symbols.push(symbol);
    note(decl.name.span, symbol);
    for (const a of decl.axes) declare(a, 'function axis', `axis ${a.text} of ${fnDetail(decl)}`);
    for (const p of decl.params) declare(p, 'function parameter', `${p.text} of ${fnDetail(decl)}`);
    const check = (e: SurfaceExpr): void => this.checkBody(e, locals, scope, note);
    for (const s of decl.lets) {
      check(s.value);
      for (const a of s.indices ?? []) this.checkAxis(a, locals, note);
      declare(s.name, 'function let', `let ${s.name.text}`);
    }
    check(decl.result);
  }

  private checkAxis(
    name: Name,
    locals: ReadonlyMap<string, ModelSymbol>,
    note: (s: Span, x: ModelSymbol) => void,
  ): void {
    const symbol = locals.get(name.text);
    if (symbol) note(name.span, symbol);
    if (symbol && symbol.kind !== 'function let') return;
    const axes = [...locals.values()].filter((s) => s.kind === 'function axis').map((s) => s.name);
    const d = notAnAxis(name, axes, symbol !== undefined);
    const hint = 'a function sees only the axes that its brackets declare, as in `fn f[j](x) = …`';
    this.report(axes.length > 0 ? d : { ...d, hint });
  }

  private checkBody(
    root: SurfaceExpr,
    locals: ReadonlyMap<string, ModelSymbol>,
    scope: Scope,
    note: (span: Span, symbol: ModelSymbol) => void,
  ): void {
    walkExpr(root, (e) => {
      if (e.kind === 'name') {
        const symbol = locals.get(e.name.text);
        if (symbol) note(e.name.span, symbol);
        else if (isConstant(e.name.text)) note(e.name.span, builtinSymbol(e.name.text));
        else this.report(unknownName(e.name, locals.keys(), scope.lookup(e.name.text) !== undefined));
      } else if (e.kind === 'index') {
        for (const a of e.args) if (a.axis) this.checkAxis(a.axis, locals, note);
      } else if (e.kind === 'call') {
        for (const b of e.axes ?? []) this.checkAxis(b.name, locals, note);
        this.checkCall(e, locals, scope, note);
      }
    });
  }

  private checkCall(
    e: Extract<SurfaceExpr, { kind: 'call' }>,
    locals: ReadonlyMap<string, ModelSymbol>,
    scope: Scope,
    note: (span: Span, symbol: ModelSymbol) => void,
  ): void {
    const { text, span } = e.callee;
    const fn = scope.lookup(text);
    if (fn) {
      note(span, fnSymbol(fn.decl));
      const { axes, params } = fn.decl;
      const given = e.axes?.length ?? 0;
      if (params.length !== e.args.length)
        this.report(wrongArguments(e.callee, e.args.length, argumentCount(params.length), e.span));
      if (given !== axes.length && !(axes.length === 1 && given > 0))
        this.report(
          wrongAxes(
            e.callee,
            given,
            axes.map((a) => a.text),
            e.span,
          ),
        );
    } else if (isReduction(text) || isSpecial(text) || scalarFunction(text) || castOf(text)) {
      note(span, builtinSymbol(text));
    } else {
      this.report(unknownFunction(e.callee, [...scope.names(), ...CALLABLE_NAMES], locals.has(text)));
    }
  }

  /** Reports a function from which a chain of calls leads back to it, once per chain. */
  private checkRecursion(root: ModelFn): void {
    const done = new Set<ModelFn>();
    const walk = (fn: ModelFn, path: readonly ModelFn[]): boolean => {
      if (done.has(fn)) return false;
      done.add(fn);
      for (const callee of callees(fn)) {
        if (callee === root) {
          const names = [...path, fn].map((f) => f.decl.name.text);
          // The chain is reported at its first function only.
          const first = [...path, fn].every((f) => f.decl.name.span.start >= root.decl.name.span.start);
          if (first) this.report(recursiveFunction(root.decl.name, names));
          return true;
        }
        if (path.length < 256 && walk(callee, [...path, fn])) return true;
      }
      return false;
    };
    walk(root, []);
  }
}

function callees(fn: ModelFn): Set<ModelFn> {
  const found = new Set<ModelFn>();
  for (const e of [...fn.decl.lets.map((l) => l.value), fn.decl.result])
    walkExpr(e, (x) => {
      const callee = x.kind === 'call' ? fn.scope.lookup(x.callee.text) : undefined;
      if (callee) found.add(callee);
    });
  return found;
}
