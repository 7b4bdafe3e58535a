/** Makes identifiers that WGSL accepts, each used once per scope. */

const KEYWORDS = `alias break case const const_assert continue continuing default diagnostic discard else enable false
  fn for if let loop override requires return struct switch true var while`;
const RESERVED = `NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become cast
  catch class co_await co_return co_yield coherent column_major common compile compile_fragment concept const_cast
  consteval constexpr constinit crate debugger decltype delete demote demote_to_helper do dynamic_cast enum explicit
  export extends extern external fallthrough filter final finally friend from fxgroup get goto groupshared highp impl
  implements import inline instanceof interface layout lowp macro macro_rules match mediump meta mod module move mut
  mutable namespace new nil noexcept noinline nointerpolation non_coherent noncoherent noperspective null nullptr of
  operator package packoffset partition pass patch pixelfragment precise precision premerge priv protected pub public
  readonly ref regardless register reinterpret_cast require resource restrict self set shared sizeof smooth snorm
  static static_assert static_cast std subroutine super target template this thread_local throw trait try type typedef
  typeid typename typeof union unless unorm unsafe unsized use using varying virtual volatile wgsl where with writeonly
  yield`;
/** Predeclared names that the printed text uses; hiding them would change what it means. */
const PREDECLARED = `i32 u32 f32 f16 bool vec2 vec3 vec4 array atomic bitcast select min max abs floor ceil round sqrt
  inverseSqrt exp exp2 log log2 tanh sin cos pow fma clamp sign fract trunc dot dot4I8Packed dot4U8Packed unpack2x16float pack2x16float
  atomicAnd atomicOr atomicLoad atomicStore atomicExchange workgroupBarrier storageBarrier workgroupUniformLoad ptr function private
  workgroup uniform storage read write read_write`;

const TAKEN: ReadonlySet<string> = new Set(`${KEYWORDS} ${RESERVED} ${PREDECLARED}`.split(/\s+/));

export class Names {
  private readonly used: Set<string>;

  constructor(private readonly outer?: Names) {
    this.used = new Set();
  }

  /** A fresh identifier like `wanted`. */
  fresh(wanted: string): string {
    const base = clean(wanted);
    let name = base;
    for (let n = 2; this.taken(name); n++) name = `${base}_${n}`;
    this.used.add(name);
    return name;
  }

  private taken(name: string): boolean {
    return TAKEN.has(name) || this.used.has(name) || (this.outer?.taken(name) ?? false);
  }
}

function clean(wanted: string): string {
  const plain = wanted.replace(/[^A-Za-z0-9_]/g, '_').replace(/^_+/, '');
  return /^[A-Za-z]/.test(plain) ? plain : `v${plain}`;
}
