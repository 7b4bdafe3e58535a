/** Symbols of one kernel and where they are used, for editors. */
import type { Span } from '../diagnostics/diagnostic.ts';
import { printExpr } from '../expr/print.ts';
import type { Name } from '../syntax/ast.ts';
import type { ModelDef, ModelAxis, ModelSymbol, ModelTensor, Reference } from './model.ts';
import type { Declared } from './names.ts';
import type { Carried } from './states.ts';

interface MutableSymbol extends ModelSymbol {
  detail: string;
}

/** What the details of symbols are made from, once everything is known. */
export interface Known {
  readonly axes: readonly ModelAxis[];
  readonly tensors: ReadonlyMap<string, ModelTensor>;
  readonly carried: ReadonlyMap<string, Carried>;
  readonly defs: readonly ModelDef[];
}

export class SymbolTable {
  private readonly table = new Map<string, MutableSymbol>();
  private readonly uses = new Map<string, Reference>();

  constructor(
    private readonly declared: ReadonlyMap<string, Declared>,
    sizes: ReadonlyMap<string, Span>,
  ) {
    for (const [name, span] of sizes)
      this.table.set(name, { kind: 'size', name, span, detail: `size ${name}` });
    for (const d of declared.values()) {
      const name = d.name.text;
      const doc = 'item' in d ? d.item.doc : d.doc;
      const symbol = { kind: d.kind, name, span: d.name.span, detail: name, ...(doc ? { doc } : {}) };
      this.table.set(name, symbol);
      this.refer(d.name.span, symbol);
    }
  }

  refer(span: Span, symbol: ModelSymbol): void {
    this.uses.set(`${span.start}:${span.end}`, { span, symbol });
  }

  referName(name: Name): void {
    const symbol = this.table.get(name.text);
    if (symbol) this.refer(name.span, symbol);
  }

  /** Fills in the details; uses share the symbol, so that they have them as well. */
  complete(known: Known): void {
    for (const d of this.declared.values()) this.table.get(d.name.text)!.detail = detail(d, known);
  }

  all(): ModelSymbol[] {
    return [...this.table.values()];
  }

  references(): Reference[] {
    return [...this.uses.values()].sort((a, b) => a.span.start - b.span.start);
  }
}

function detail(d: Declared, known: Known): string {
  const { text } = d.name;
  switch (d.kind) {
    case 'axis': {
      const a = known.axes.find((x) => x.name === text);
      return `axis ${text}: ${a ? printExpr(a.extent) : '?'}${a?.derived ? ` = ${printExpr(a.derived)}` : ''}`;
    }
    case 'input': {
      const t = known.tensors.get(text);
      const dims = (t?.dims ?? []).map((x) => x.axis ?? printExpr(x.extent)).join(', ');
      return `in ${text}: ${t?.storage ?? '?'}[${dims}]`;
    }
    case 'param':
    case 'const':
      return `${d.kind} ${text}: ${d.item.type}`;
    case 'state': {
      const state = known.carried.get(text);
      const axes = state ? `[${state.dims.join(', ')}]` : '';
      return `state ${text}: ${d.item.type.storage ?? '?'}${axes}${state ? ` over ${state.axis}` : ''}`;
    }
    case 'definition': {
      const def = known.defs.find((x) => x.name === text);
      const role = d.item.kind === 'out' ? 'out' : (d.item.role ?? 'let');
      return def ? `${role} ${text}: ${def.type}[${def.indices.join(', ')}]` : `${role} ${text}`;
    }
  }
}
