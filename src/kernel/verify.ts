/** Checks the rules of the kernel IR; a broken rule is our bug and is thrown as `CompilerBug`. */
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import { children, type Expr } from '../expr/expr.ts';
import { STORAGE, type ScalarType, type StorageType } from '../expr/types.ts';
import { MMA_SUM, type Fragment, type Kernel, type Program, type Stmt } from './kernel.ts';
import { launchError } from './launches.ts';
import { isPacked } from './rounding.ts';
import { PRODUCTS } from './products.ts';
import { constError, opTypeError } from './verify-expr.ts';
import { analyzeUniformity } from './uniformity.ts';
import { checkMatrix, type MatrixOp, type MatrixType } from './subgroup-matrix.ts';
import { togetherIn, type WarpgroupOp } from './warpgroup.ts';
import { checkWarpgroup } from './verify-warpgroup.ts';
import { stmtExprs } from './walk.ts';

export interface VerifyOptions {
  /** Names of sizes fixed at compile time; they may occur as i32 variables. */
  readonly fixed?: readonly string[];
  /** Refuse kernels whose shared arrays need more. */
  readonly workgroupBytes?: number;
  readonly maxLanes?: number;
}

/** Bytes of workgroup memory that a kernel declares, each array where its alignment allows. */
export function sharedBytes(k: Kernel): number {
  const up = (n: number, to: number): number => Math.ceil(n / to) * to;
  if (k.shared.some((a) => a.at !== undefined))
    return Math.max(...k.shared.map((a) => (a.at ?? 0) + a.length * STORAGE[a.storage].bytes));
  return k.shared.reduce(
    (end, s) => up(up(end, s.alignment ?? 16) + s.length * STORAGE[s.storage].bytes, 16),
    0,
  );
}

/** Elements that are loaded or stored at once. */
const PIECE = 4;

type ArrayEntry = Exclude<Entry, { kind: 'value' | 'var' | 'matrix' }>;
type Entry =
  | { readonly kind: 'value'; readonly type: ScalarType }
  | { readonly kind: 'var'; readonly type: ScalarType }
  | { readonly kind: 'matrix'; readonly type: MatrixType }
  | { readonly kind: 'local'; readonly type: ScalarType; readonly length: number }
  | { readonly kind: 'shared'; readonly storage: StorageType; readonly length: number }
  | {
      readonly kind: 'buffer';
      readonly storage: StorageType;
      readonly access: 'read' | 'write' | 'read_write';
    };

const isArray = (e: Entry | undefined): e is ArrayEntry =>
  e !== undefined && e.kind !== 'value' && e.kind !== 'var' && e.kind !== 'matrix';
const heldType = (e: ArrayEntry): ScalarType => (e.kind === 'local' ? e.type : STORAGE[e.storage].value);

/** Throws `CompilerBug` when a kernel breaks a rule. */
export function verifyKernel(k: Kernel, options: VerifyOptions = {}): void {
  new KernelVerifier(k, options).run();
}

/** Verifies every kernel, and that launches give all of their buffers different tensors that fit. */
export function verifyProgram(p: Program, options: VerifyOptions = {}): void {
  const uniforms = new Map(p.uniforms.map((u) => [u.name, u.type]));
  for (const k of p.kernels) {
    verifyKernel(k, { ...options, fixed: Object.keys(p.fixed) });
    for (const u of k.uniforms) {
      if (uniforms.get(u.name) !== u.type) {
        throw new CompilerBug('kernel', `${k.name}: uniform ${u.name} is not in the program's list`);
      }
    }
  }
  const wrong = launchError(p);
  if (wrong !== undefined) throw new CompilerBug('kernel', wrong);
}

class KernelVerifier {
  private readonly scopes: Map<string, Entry>[] = [new Map()];
  /** Shared arrays that are taken four elements at a time, and arrays that are stored to one by one. */
  private readonly inPieces = new Set<string>();
  private readonly alone = new Set<string>();

  constructor(
    private readonly k: Kernel,
    private readonly options: VerifyOptions,
  ) {}

  run(): void {
    const { k, options } = this;
    if (!(Number.isInteger(k.lanes) && k.lanes > 0)) this.fail(`lanes is ${k.lanes}`);
    if (k.lanes > (options.maxLanes ?? Infinity)) this.fail(`${k.lanes} lanes, at most ${options.maxLanes}`);
    for (const name of options.fixed ?? []) this.declare(name, { kind: 'value', type: 'i32' });
    for (const u of k.uniforms) this.declare(u.name, { kind: 'value', type: u.type });
    this.int(k.grid, 'grid');
    for (const b of k.buffers) this.int(b.elements, `extent of ${b.name}`);
    for (const b of k.buffers) this.declare(b.name, { kind: 'buffer', storage: b.storage, access: b.access });
    for (const s of k.shared) {
      if (!(Number.isInteger(s.length) && s.length > 0)) this.fail(`shared ${s.name} has length ${s.length}`);
      this.declare(s.name, { kind: 'shared', storage: s.storage, length: s.length });
    }
    if (sharedBytes(k) > (options.workgroupBytes ?? Infinity)) {
      this.fail(`shared arrays need ${sharedBytes(k)} bytes, at most ${options.workgroupBytes}`);
    }
    this.declare('workgroup', { kind: 'value', type: 'i32' });
    this.declare('lane', { kind: 'value', type: 'i32' });
    for (const name of ['subgroup', 'subgroup_number', 'subgroups'])
      this.declare(name, { kind: 'value', type: 'i32' });
    this.block(k.body);
    analyzeUniformity(k, (s, control) => {
      if (s.kind === 'barrier' && control !== 'uniform') this.fail('barrier in lane-dependent control flow');
      if ((s.kind === 'broadcast' || s.kind === 'some') && control !== 'uniform')
        this.fail(`${s.kind} in lane-dependent control flow`);
      const collective = ['mma', 'ldmatrix', 'shuffle', 'vote'].includes(s.kind);
      const apart = control === 'lane' || control === 'subgroup';
      if (s.kind === 'matrix' && control !== 'uniform' && control !== 'subgroup')
        this.fail('a matrix in control flow that differs within a subgroup');
      if (collective && apart) this.fail(`${s.kind} in lane-dependent control flow`);
      if (s.kind !== 'warpgroup') return;
      const group = togetherIn(s.op);
      if (group !== 'lane' && (apart || (group === 'warpgroup' && control === 'warp')))
        this.fail(`${s.op.op} in control flow that differs within a ${group}`);
    });
  }

  private fail(message: string): never {
    throw new CompilerBug('kernel', `${this.k.name}: ${message}`);
  }

  private lookup(name: string): Entry | undefined {
    for (let n = this.scopes.length - 1; n >= 0; n--) {
      const entry = this.scopes[n]!.get(name);
      if (entry) return entry;
    }
    return undefined;
  }

  /** Shadowing is refused, so that printers may use one name per variable. */
  private declare(name: string, entry: Entry): void {
    if (this.lookup(name)) this.fail(`${name} is declared twice`);
    this.scopes.at(-1)!.set(name, entry);
  }

  private block(stmts: readonly Stmt[], declareFirst: () => void = () => undefined): void {
    this.scopes.push(new Map());
    declareFirst();
    for (const s of stmts) this.stmt(s);
    this.scopes.pop();
  }

  private stmt(s: Stmt): void {
    for (const e of stmtExprs(s)) this.expr(e);
    switch (s.kind) {
      case 'let':
      case 'shuffle':
        return this.declare(s.name, { kind: 'value', type: s.value.type });
      case 'broadcast':
        if (s.lane.type !== 'i32') this.fail(`broadcast from a lane that is ${s.lane.type}`);
        return this.declare(s.name, { kind: 'value', type: s.value.type });
      case 'vote':
      case 'some':
        if (s.value.type !== 'bool') this.fail(`${s.kind} on ${s.value.type}`);
        return this.declare(s.name, { kind: 'value', type: 'bool' });
      case 'var':
        return this.declare(s.name, { kind: 'var', type: s.value.type });
      case 'assign': {
        const target = this.lookup(s.name);
        if (target?.kind !== 'var') this.fail(`${s.name} is assigned but is not a var`);
        if (target.type !== s.value.type) this.fail(`${s.name} is ${target.type}, assigned ${s.value.type}`);
        return;
      }
      case 'array':
        if (!(Number.isInteger(s.length) && s.length > 0))
          this.fail(`array ${s.name} has length ${s.length}`);
        return this.declare(s.name, { kind: 'local', type: s.type, length: s.length });
      case 'store':
        return this.store(s.name, s.index, s.value.type);
      case 'for':
        return this.loop(s);
      case 'if':
        if (s.cond.type !== 'bool') this.fail(`condition is ${s.cond.type}`);
        this.block(s.then);
        if (s.else) this.block(s.else);
        return;
      case 'contract':
        return this.contract(s);
      case 'mma':
        if (this.k.lanes % 32 !== 0) this.fail('mma needs whole warps');
        this.local(s.d, MMA_SUM[s.storage]);
        this.local(s.a, 'u32');
        return this.local(s.b, 'u32');
      case 'ldmatrix':
        return this.ldmatrix(s);
      case 'stores':
        return this.storeTogether(s);
      case 'loads':
        return this.loadTogether(s);
      case 'word':
        this.packed(s.buffer);
        this.int(s.from, `index of ${s.buffer}`);
        return this.declare(s.name, { kind: 'value', type: 'u32' });
      case 'words':
        this.packed(s.buffer);
        this.int(s.from, `index of ${s.buffer}`);
        return this.local(s.into, 'u32');
      case 'copy':
        return this.copy(s);
      case 'await':
        if (!(Number.isInteger(s.pending) && s.pending >= 0)) this.fail(`await ${s.pending}`);
        return;
      case 'warpgroup':
        return this.warpgroup(s.op);
      case 'matrix':
        return this.matrix(s.op);
      case 'barrier':
      case 'commit':
      case 'comment':
        return;
    }
  }

  private warpgroup(op: WarpgroupOp): void {
    const problem = checkWarpgroup(op, this.k, (name) => {
      const e = this.lookup(name);
      return e?.kind === 'local' ? e : undefined;
    });
    if (problem !== undefined) this.fail(problem);
  }

  private matrix(o: MatrixOp): void {
    const problem = checkMatrix(
      o,
      (name) => {
        const e = this.lookup(name);
        return e?.kind === 'matrix' ? e.type : undefined;
      },
      (name) => {
        const e = this.lookup(name);
        return e?.kind === 'shared' ? e : undefined;
      },
    );
    if (problem !== undefined) this.fail(problem);
    // A vector is no element of a matrix.
    if (o.op === 'load' || o.op === 'save') {
      this.alone.add(o.array);
      if (this.inPieces.has(o.array)) this.fail(`${o.array} is taken in fours and holds matrices`);
    }
    if (o.op === 'zero' || o.op === 'load') this.declare(o.name, { kind: 'matrix', type: o.type });
  }

  private store(name: string, index: Expr, type: ScalarType, together = false): void {
    const target = this.lookup(name);
    if (!together) {
      this.alone.add(name);
      if (this.inPieces.has(name)) this.fail(`${name} is stored to one by one and in fours`);
    }
    if (!isArray(target)) this.fail(`store to ${name}, not an array`);
    if (target.kind === 'buffer' && target.access === 'read') this.fail(`store to read-only buffer ${name}`);
    this.index(name, index);
    if (heldType(target) !== type) this.fail(`${name} holds ${heldType(target)}, stored ${type}`);
  }

  private storeTogether(s: Extract<Stmt, { kind: 'stores' }>): void {
    for (const v of s.values) this.store(s.name, s.index, v.type, true);
    if (this.lookup(s.name)?.kind === 'shared' && s.values.length === PIECE) return this.pieces(s.name);
    if (s.values.length !== 2) this.fail(`${s.values.length} values are stored at once`);
    this.halves(s.name, 'buffer');
  }

  private loadTogether(s: Extract<Stmt, { kind: 'loads' }>): void {
    if (s.names.length !== PIECE) this.fail(`${s.names.length} elements of ${s.array} are loaded at once`);
    this.int(s.piece, `piece of ${s.array}`);
    this.pieces(s.array);
    for (const n of s.names) this.declare(n, { kind: 'value', type: 'f32' });
  }

  /** An array of floats whose elements can be taken four at a time. */
  private pieces(name: string): void {
    const entry = this.lookup(name);
    if ((entry?.kind !== 'shared' && entry?.kind !== 'buffer') || heldType(entry) !== 'f32')
      this.fail(`${name} is no shared array or buffer of floats`);
    if (entry.kind === 'buffer' && entry.access === 'write') this.fail(`read of write-only buffer ${name}`);
    if (entry.kind === 'shared' && entry.length % PIECE !== 0)
      this.fail(`${name} has ${entry.length} elements, which are not whole pieces of ${PIECE}`);
    if (entry.kind === 'shared' && this.inPieces.has(name)) return;
    this.inPieces.add(name);
    if (entry.kind === 'shared' && this.alone.has(name))
      this.fail(`${name} is stored to one by one and in fours`);
  }

  private loop(s: Extract<Stmt, { kind: 'for' }>): void {
    this.int(s.from, `start of loop ${s.name}`);
    this.int(s.to, `end of loop ${s.name}`);
    this.int(s.step, `step of loop ${s.name}`);
    if (s.step.kind === 'const' && s.step.value <= 0) this.fail(`step of loop ${s.name} is ${s.step.value}`);
    if (s.unroll === true && [s.from, s.to, s.step].some((e) => e.kind !== 'const')) {
      this.fail(`unrolled loop ${s.name} has bounds that are not constant`);
    }
    this.block(s.body, () => this.declare(s.name, { kind: 'value', type: 'i32' }));
  }

  private contract(s: Extract<Stmt, { kind: 'contract' }>): void {
    const { sum, element } = PRODUCTS[s.of ?? 'f32'];
    this.fragment(s.acc, sum);
    for (const f of [s.a, s.b]) this.fragment(f, element);
    if (this.lookup(s.acc.array)?.kind !== 'local')
      this.fail(`contract accumulates in ${s.acc.array}, not local`);
    if (![s.rows, s.cols, s.depth].every((n) => Number.isInteger(n) && n > 0))
      this.fail('contract of no elements');
  }

  private fragment(f: Fragment, type: ScalarType): void {
    const entry = this.lookup(f.array);
    const held =
      entry?.kind === 'local' ? entry.type : entry?.kind === 'shared' ? STORAGE[entry.storage].value : '';
    if (held !== type) this.fail(`fragment in ${f.array}, which is no shared or local array of ${type}`);
    this.int(f.offset, `offset in ${f.array}`);
  }

  private ldmatrix(s: Extract<Stmt, { kind: 'ldmatrix' }>): void {
    const from = this.lookup(s.shared);
    const narrow = from?.kind === 'shared' && isPacked(from.storage);
    if (!narrow) this.fail(`ldmatrix reads ${s.shared}, which is no shared array of 8 or 16 bits`);
    if (s.transpose && STORAGE[from.storage].bytes === 1) this.fail('ldmatrix transposes 16-bit elements');
    if (this.k.lanes % 32 !== 0) this.fail('ldmatrix needs whole warps');
    this.int(s.index, 'ldmatrix index');
    this.local(s.into, 'u32');
  }

  /** The 16-bit storage of an array that lies in `kind`. */
  private halves(name: string, kind: 'shared' | 'buffer'): StorageType {
    const entry = this.lookup(name);
    if (entry?.kind !== kind || STORAGE[entry.storage].bytes !== 2)
      this.fail(`${name} is no ${kind} array of 16-bit floats`);
    return entry.storage;
  }

  /** A buffer of which a word holds several numbers. */
  private packed(name: string): void {
    const entry = this.lookup(name);
    const packed = entry?.kind === 'buffer' && STORAGE[entry.storage].bytes < 4 && entry.storage !== 'bool';
    if (!packed || entry.access === 'write') this.fail(`${name} is no buffer of numbers of 8 or 16 bits`);
  }

  private copy(s: Extract<Stmt, { kind: 'copy' }>): void {
    const [to, from] = [this.lookup(s.shared), this.lookup(s.buffer)];
    if (
      to?.kind !== 'shared' ||
      from?.kind !== 'buffer' ||
      to.storage !== from.storage ||
      to.storage === 'bool'
    )
      this.fail(`copy from ${s.buffer} to ${s.shared} of another storage`);
    this.int(s.index, `index of ${s.shared}`);
    this.int(s.from, `index of ${s.buffer}`);
  }

  private local(name: string, type: ScalarType): void {
    const entry = this.lookup(name);
    if (entry?.kind !== 'local' || entry.type !== type) this.fail(`${name} is no local array of ${type}`);
  }

  private int(e: Expr, what: string): void {
    this.expr(e);
    if (e.type !== 'i32') this.fail(`${what} is ${e.type}, not i32`);
  }

  private index(name: string, index: Expr): void {
    if (index.type !== 'i32' && index.type !== 'u32') this.fail(`index of ${name} is ${index.type}`);
  }

  private expr(e: Expr): void {
    for (const c of children(e)) this.expr(c);
    switch (e.kind) {
      case 'const': {
        const problem = constError(e.type, e.value);
        if (problem) this.fail(problem);
        return;
      }
      case 'var': {
        const entry = this.lookup(e.name);
        if (entry?.kind !== 'value' && entry?.kind !== 'var')
          this.fail(`${e.name} is not a variable in scope`);
        if (entry.type !== e.type) this.fail(`${e.name} is ${entry.type}, used as ${e.type}`);
        return;
      }
      case 'op': {
        const problem = opTypeError(e);
        if (problem) this.fail(problem);
        return;
      }
      case 'read':
        return this.read(e);
      case 'reduce':
        return this.fail('a reduction is left');
    }
  }

  private read(e: Extract<Expr, { kind: 'read' }>): void {
    const entry = this.lookup(e.name);
    if (!isArray(entry)) this.fail(`read of ${e.name}, not an array`);
    if (entry.kind === 'buffer' && entry.access === 'write') this.fail(`read of write-only buffer ${e.name}`);
    if (e.index.length !== 1) this.fail(`read of ${e.name} with ${e.index.length} indices`);
    this.index(e.name, e.index[0]!);
    if (heldType(entry) !== e.type) this.fail(`${e.name} holds ${heldType(entry)}, read as ${e.type}`);
  }
}
