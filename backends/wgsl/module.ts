/** The parts of a WGSL module that its entry points share: names, tensors, uniforms, constants and helper functions. */
import type { Kernel, Program, SharedArray, Uniform } from '../../src/kernel/kernel.ts';
import { subgroupNeeded, usesSubgroups } from '../../src/kernel/subgroups.ts';
import { kernelVars } from '../../src/kernel/walk.ts';
import { PACKED_PRODUCTS } from './limits.ts';
import type { BackendOptions } from '../backend.ts';
import { HELPERS, helperTexts, INFINITY_NAME, INFINITY_TEXT, type HelperName } from './helpers.ts';
import { Names } from './names.ts';
import { MATRIX_EXTENSION, usesMatrices } from './subgroup-matrix.ts';
import { takenInFours, VECTOR } from './vectors.ts';
import { NAN_NAME } from './print-number.ts';
import {
  elementType,
  loadFourFunction,
  decoderOf,
  loadFunction,
  storeFunction,
  tensorStorage,
  type TensorStorage,
} from './storage.ts';

/** A tensor's place in the module. */
export interface ModuleTensor extends TensorStorage {
  readonly binding: number;
  readonly variable: string;
  readonly load: string;
  readonly store: string;
  /** Declared as an array of vectors of four elements. */
  readonly fours?: true;
}

export class ModuleContext {
  readonly names = new Names();
  readonly tensors: ReadonlyMap<string, ModuleTensor>;
  readonly uniformsName: string;
  readonly entryNames: ReadonlyMap<Kernel, string>;
  private readonly structName: string;
  private readonly fixedNames: ReadonlyMap<string, string>;
  private readonly readOnly: ReadonlyMap<string, ModuleTensor>;
  private readonly readAgain = new Set<string>();
  private readonly inFours = new Map<string, ModuleTensor>();
  private readonly helpers = new Set<HelperName>();
  private readonly fourLoaders = new Map<string, string>();
  private readonly accessors = new Map<string, string>();
  private readonly shared = new Map<string, { readonly name: string; readonly text: string }>();
  private readonly usedFixed = new Set<string>();
  private usesInfinity = false;
  private usesNan = false;
  private usesPackedProducts = false;

  constructor(
    readonly program: Program,
    readonly options: BackendOptions,
  ) {
    for (const name of [INFINITY_NAME, NAN_NAME, ...Object.keys(HELPERS)]) this.names.fresh(name);
    this.entryNames = new Map(program.kernels.map((k) => [k, this.names.fresh(k.name)]));
    this.structName = this.names.fresh('Uniforms');
    this.uniformsName = this.names.fresh('u');
    this.fixedNames = new Map(Object.keys(program.fixed).map((n) => [n, this.names.fresh(n)]));
    this.tensors = new Map(
      tensorStorage(program, options).map((t, n) => [
        t.name,
        {
          ...t,
          binding: n + 1,
          variable: this.names.fresh(t.name),
          load: this.names.fresh(`load_${t.name}`),
          store: this.names.fresh(`store_${t.name}`),
        },
      ]),
    );
    for (const k of program.kernels)
      for (const name of this.fourAtOnce(k)) {
        const t = this.tensors.get(name);
        if (t?.form === 'plain') this.vectors(t);
      }
    const kept = program.workspace.flatMap(({ name }) => this.tensors.get(name) ?? []);
    this.readOnly = new Map(
      kept.map((t) => [
        t.name,
        {
          ...t,
          written: false,
          variable: this.names.fresh(`${t.name}_read`),
          load: this.names.fresh(`load_${t.name}_read`),
        },
      ]),
    );
  }

  /**
   * A tensor as one kernel sees it. What an earlier launch wrote and this one only reads is declared read-only once more
   * at the same binding: then WGSL knows that reads at a uniform index are uniform, and that loops over them are.
   */
  tensorIn(k: Kernel, name: string): ModuleTensor | undefined {
    const t = this.tensors.get(name);
    if (t?.form === 'plain' && this.fourAtOnce(k).has(name)) return this.vectors(t);
    if (!t?.written || k.buffers.find((b) => b.name === name)?.access !== 'read') return t;
    this.readAgain.add(name);
    return this.readOnly.get(name);
  }

  private readonly foursOf = new Map<Kernel, ReadonlySet<string>>();

  /** Buffers that a kernel only reads, four elements at once. */
  private fourAtOnce(k: Kernel): ReadonlySet<string> {
    let known = this.foursOf.get(k);
    if (!known) {
      const taken = takenInFours(k);
      known = new Set(k.buffers.filter((b) => b.access === 'read' && taken.has(b.name)).map((b) => b.name));
      this.foursOf.set(k, known);
    }
    return known;
  }

  /** A tensor declared once more at the same binding, as vectors; its rows are whole vectors. */
  private vectors(t: ModuleTensor): ModuleTensor {
    const known = this.inFours.get(t.name);
    if (known) return known;
    const made: ModuleTensor = {
      ...t,
      written: false,
      variable: this.names.fresh(`${t.name}_vec4`),
      fours: true,
    };
    this.inFours.set(t.name, made);
    return made;
  }

  /** Two variables in workgroup memory: whether subgroups hold lanes out of order, and what they have when they do not. */
  subgroups(): { readonly apart: string; readonly lanes: string } {
    return { apart: this.flag('lanes_apart', 'atomic<u32>'), lanes: this.flag('lanes_together', 'i32') };
  }

  /** Two variables in workgroup memory: whether a lane has a value that holds, and what all of them are told. */
  together(): { readonly some: string; readonly found: string } {
    return { some: this.flag('some_lane', 'atomic<u32>'), found: this.flag('some_found', 'u32') };
  }

  /** A variable in workgroup memory, which all kernels share. */
  private flag(base: string, type: string): string {
    const known = this.shared.get(base);
    if (known) return known.name;
    const name = this.names.fresh(base);
    this.shared.set(base, { name, text: `var<workgroup> ${name}: ${type};` });
    return name;
  }

  helper(name: HelperName): string {
    this.helpers.add(name);
    return name;
  }

  /** The language has products of four bytes; the module says that it uses them. */
  packedProducts(): boolean {
    const has = this.options.packedProducts ?? false;
    this.usesPackedProducts ||= has;
    return has;
  }

  infinity(): void {
    this.usesInfinity = true;
  }

  nan(): void {
    this.usesNan = true;
  }

  /** Text of a size fixed at compile time, or undefined when `name` is none. */
  fixed(name: string): string | undefined {
    const text = this.fixedNames.get(name);
    if (text !== undefined) this.usedFixed.add(name);
    return text;
  }

  uniform(name: string): Uniform | undefined {
    return this.program.uniforms.find((x) => x.name === name);
  }

  loader(t: ModuleTensor): string {
    this.accessors.set(t.load, loadFunction(t, t.variable, t.load, new Names(this.names)));
    decoderOf(t).forEach((n) => this.helper(n));
    return t.load;
  }

  /** A function that reads four elements of a packed tensor. */
  fourLoader(t: ModuleTensor): string {
    const name = `${t.load}_vec4`;
    const known = this.fourLoaders.get(name) ?? this.names.fresh(name);
    this.fourLoaders.set(name, known);
    this.accessors.set(known, loadFourFunction(t, t.variable, known, new Names(this.names)));
    return known;
  }

  storer(t: ModuleTensor): string {
    const { text, needs } = storeFunction(t, t.variable, t.store, new Names(this.names));
    this.accessors.set(t.store, text);
    needs.forEach((n) => this.helper(n));
    return t.store;
  }

  /** The module's name for a kernel's shared array; kernels with the same array share one declaration. */
  sharedName(s: SharedArray, fours = false): string {
    const key = `${s.name} ${s.storage} ${s.length}${fours ? ' in fours' : ''}`;
    const known = this.shared.get(key);
    if (known) return known.name;
    const name = this.names.fresh(s.name);
    const type = fours ? `vec4<${s.storage}>, ${s.length / VECTOR}` : `${s.storage}, ${s.length}`;
    this.shared.set(key, { name, text: `var<workgroup> ${name}: array<${type}>;` });
    return name;
  }

  /** Everything before the entry points; call after they are printed, because they decide what is needed. */
  declarations(): readonly string[] {
    const { program } = this;
    const used = new Set(program.kernels.flatMap((k) => k.buffers.map((b) => b.name)));
    const tensors = [...this.tensors.values()]
      .filter((t) => used.has(t.name))
      .concat([...this.readOnly.values()].filter((t) => this.readAgain.has(t.name)))
      .concat([...this.inFours.values()])
      .filter((t) => !this.onlyInFours(t));
    const uniforms = this.hasUniforms() ? [this.uniformText()] : [];
    const constants = [
      ...[...this.usedFixed].map((n) => `const ${this.fixedNames.get(n)!} = ${program.fixed[n]};`),
      ...(this.usesInfinity
        ? [
            '// Stands for infinity in registers: WGSL lets a compiler assume that there is none.',
            `const ${INFINITY_NAME} = ${INFINITY_TEXT};`,
          ]
        : []),
      ...(this.usesNan ? [`var<private> ${NAN_NAME} = 0x7fc00000u;`] : []),
    ];
    const lines = (texts: readonly string[]): readonly string[] =>
      texts.length > 0 ? [texts.join('\n')] : [];
    return [
      ...this.enables(),
      ...uniforms,
      ...lines(tensors.map((t) => this.tensorText(t))),
      ...lines(constants),
      ...lines([...this.shared.values()].map((s) => s.text)),
      ...this.accessors.values(),
      ...helperTexts(this.helpers),
    ];
  }

  private enables(): readonly string[] {
    const enables = [
      ...(this.needsF16() ? ['enable f16;'] : []),
      ...(this.subgroupNeeded() !== undefined ? ['enable subgroups;'] : []),
      ...(this.program.kernels.some(usesMatrices) ? [`enable ${MATRIX_EXTENSION};`] : []),
      ...(this.usesPackedProducts ? [`requires ${PACKED_PRODUCTS};`] : []),
    ];
    return enables.length > 0 ? [enables.join('\n')] : [];
  }

  /** Lanes that a subgroup of the device must have at least; undefined where kernels do without subgroups. */
  subgroupNeeded(): number | undefined {
    const { kernels } = this.program;
    return kernels.some(usesSubgroups) ? Math.max(...kernels.map(subgroupNeeded)) : undefined;
  }

  /** True when some kernel reads a size or param at run time; binding 0 exists then. */
  hasUniforms(): boolean {
    return this.program.kernels.some((k) => this.usesUniforms(k));
  }

  /** True when the text of a kernel reads a size or param: its body, or its grid where it may be folded. */
  usesUniforms(k: Kernel): boolean {
    const read = kernelVars({ ...k, buffers: [] });
    return this.program.uniforms.some((x) => read.has(x.name));
  }

  private uniformText(): string {
    const members = this.program.uniforms.map(
      (x) => `  ${memberName(x.name)}: ${x.type === 'bool' ? 'u32' : x.type},`,
    );
    const variable = `@group(0) @binding(0) var<uniform> ${this.uniformsName}: ${this.structName};`;
    return `struct ${this.structName} {\n${members.join('\n')}\n}\n${variable}`;
  }

  /** Every kernel that uses the tensor takes it in fours, so that its own variable would be unused. */
  private onlyInFours(t: ModuleTensor): boolean {
    const users = this.program.kernels.filter((k) => k.buffers.some((b) => b.name === t.name));
    return !t.fours && this.inFours.has(t.name) && users.every((k) => this.fourAtOnce(k).has(t.name));
  }

  private tensorText(t: ModuleTensor): string {
    const access = t.written ? 'read_write' : 'read';
    const one = elementType(t);
    const element = t.fours ? `vec4<${one}>` : one;
    const note = one === t.storage ? '' : ` // ${t.storage}`;
    return `@group(0) @binding(${t.binding}) var<storage, ${access}> ${t.variable}: array<${element}>;${note}`;
  }

  private needsF16(): boolean {
    const { program } = this;
    return (
      [...this.tensors.values()].some((t) => t.storage === 'f16' && t.form === 'plain') ||
      program.kernels.some((k) => k.shared.some((s) => s.storage === 'f16'))
    );
  }
}

/** A struct member may be any identifier but a keyword; a short prefix keeps it clear of those. */
export function memberName(name: string): string {
  return new Names().fresh(name);
}
