/** Turns names of the Kernel IR into C++ identifiers that clash with nothing. */

const KEYWORDS = `alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class
  compl concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default delete
  do double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace
  new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires restrict
  return short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try
  typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq`;
/** Names that generated text itself uses, and short macros of the C and CUDA headers. */
const USED = `uniforms attn attn_smem cuemu std half threadIdx blockIdx blockDim gridDim warpSize int32_t uint32_t int64_t size_t
  abs min max floorf ceilf rintf sqrtf rsqrtf expf exp2f logf log2f log1pf tanhf sinf cosf erff powf fmaf fabsf fminf fmaxf
  NULL NAN INFINITY EOF BUFSIZ NZERO MAXFLOAT TIME_UTC P_tmpdir linux unix stdin stdout stderr assert errno offsetof alloca`;
const RESERVED: ReadonlySet<string> = new Set(`${KEYWORDS} ${USED}`.split(/\s+/));
const MACRO =
  /^(M_|FP_|ADJ_|STA_|NL_|MOD_|CLOCK_|CUDA|CU_|NV_|SEEK_|TIMER_|HUGE_|SNAN|ATTN)|_(MAX|MIN|WIDTH|BIT)$/;

/** The identifier nearest to `name`: other characters become `_`, reserved words get a trailing `_`. */
export function identifier(name: string): string {
  const word = name.replace(/[^A-Za-z0-9_]/g, '_').replace(/__+/g, '_');
  const safe = /^[0-9]|^_/.test(word) ? `v${word}` : word;
  return RESERVED.has(safe) || MACRO.test(safe) ? `${safe.replace(/_$/, '')}_` : safe;
}

export type Namer = (name: string) => string;

/** A fresh renaming for one scope: the same name always gives the same identifier, different names never do. */
export function makeNamer(reserved: readonly string[] = []): Namer {
  const given = new Map<string, string>();
  const taken = new Set(reserved);
  return (name) => {
    const known = given.get(name);
    if (known !== undefined) return known;
    const base = identifier(name);
    let chosen = base;
    for (let n = 2; taken.has(chosen); n++) chosen = identifier(`${base.replace(/_$/, '')}_${n}`);
    given.set(name, chosen);
    taken.add(chosen);
    return chosen;
  };
}

/** The part of file and function names that stands for a program or kernel; suffixes keep it apart from other names. */
export const fileStem = (name: string): string => identifier(name).replace(/_$/, '');
