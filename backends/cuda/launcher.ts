/** The C++ functions that check arguments and launch the kernels of a program. */
import { freeVars, type Expr } from '../../src/expr/expr.ts';
import { STORAGE } from '../../src/expr/types.ts';
import type { Program, ProgramTensor, TensorMap } from '../../src/kernel/kernel.ts';
import { launchesOf, type LaunchOf } from '../../src/kernel/launches.ts';
import { STORAGE_NAME } from './dialect.ts';
import { hostFormula, hostHelpers } from './host-formula.ts';
import { alignments } from './alignment.ts';
import { DEFAULT_SHARED_BYTES } from './limits.ts';
import { fileStem, makeNamer } from './names.ts';
import { kernelSymbol, sharedConstant, uniformStructName } from './print.ts';
import { sharedBytes } from './shared-layout.ts';
import { signatureOf } from './signature.ts';
import { mapsOf, TENSOR_MAP_FUNCTION, tensorMapLines, usesMaps } from './tensor-maps.ts';
import { wrapLine } from './wrap.ts';

const LOCALS = [
  'args',
  'sizes',
  'size',
  'extents',
  'extent',
  'tensors',
  'tensor',
  'grid',
  'stream',
  'status',
  'bytes',
];

/** Text of the host part of `NAME.cu`; compiled by nvcc only. */
export function printLauncher(program: Program): string {
  const stem = fileStem(program.name);
  const body = [checkFunction(program), workspaceFunction(program), launchFunction(program)].join('\n\n');
  const helpers = hostHelpers(body);
  return [
    '#if defined(__CUDACC__)',
    `#include "${stem}.h"`,
    '',
    ...(helpers !== '' ? [helpers, ''] : []),
    ...(usesMaps(program) ? [TENSOR_MAP_FUNCTION, ''] : []),
    body,
    '#endif',
  ].join('\n');
}

/** Declares as doubles the sizes that `formulas` mention, and prints those. */
function sizeNames(program: Program, formulas: readonly Expr[]) {
  const { member } = signatureOf(program);
  const name = makeNamer(LOCALS);
  const used = new Set<string>();
  for (const e of formulas) freeVars(e, used);
  const lines = [...used].map((size) => {
    const fixed = program.fixed[size];
    const value = fixed !== undefined ? `${fixed}.0` : `static_cast<double>(args->${member(size)})`;
    return `  const double ${name(size)} = ${value};`;
  });
  const product = (shape: readonly Expr[]): string =>
    shape.length === 0 ? '1.0' : shape.map((e) => hostFormula(e, name, shape.length > 1 ? 6 : 0)).join(' * ');
  return { lines, product, formula: (e: Expr) => hostFormula(e, name) };
}

function checkFunction(program: Program): string {
  const stem = fileStem(program.name);
  const { sizes, member } = signatureOf(program);
  const tensors = [...program.inputs, ...program.outputs, ...program.workspace];
  const grids = program.kernels.map((k) => k.grid);
  const computed = tensors.flatMap((t) => t.shape).filter((e) => e.kind === 'op');
  const { lines, product, formula } = sizeNames(program, [...tensors.flatMap((t) => t.shape), ...grids]);
  const extents = [...new Set(computed.map(formula))];
  const owned = new Set(program.workspace.map((t) => t.name));
  const row = (t: ProgramTensor): string =>
    `      {${owned.has(t.name) ? 'nullptr, false' : `args->${member(t.name)}, true`}, ${product(t.shape)}},`;
  return [
    `// Refuses arguments with which a kernel could count or address past 2^31 - 1 elements.`,
    `static int ${stem}_check(const ${stem}_args* args) {`,
    '  if (args == nullptr) return ATTNC_NULL_POINTER;',
    ...(sizes.length > 0
      ? [
          wrapLine(`const int64_t sizes[] = {${sizes.map((s) => `args->${member(s)}`).join(', ')}};`, '  '),
          '  for (const int64_t size : sizes)',
          '    if (size < 0 || size > 2147483647) return ATTNC_BAD_SIZE;',
        ]
      : []),
    ...lines,
    ...(extents.length > 0
      ? [
          wrapLine(`const double extents[] = {${extents.join(', ')}};`, '  '),
          '  for (const double extent : extents)',
          '    if (!(extent >= 0.0 && extent <= 2147483647.0)) return ATTNC_BAD_SIZE;',
        ]
      : []),
    ...(tensors.length > 0
      ? [
          '  const struct {',
          '    const void* pointer;',
          '    bool given;',
          '    double elements;',
          '  } tensors[] = {',
          ...tensors.map(row),
          '  };',
          '  for (const auto& tensor : tensors)',
          '    if (!(tensor.elements <= 2147483647.0)) return ATTNC_TOO_LARGE;',
        ]
      : []),
    ...[...new Set(grids.map(formula))].map(
      (grid) => `  if (!(${grid} <= 2147483647.0)) return ATTNC_TOO_LARGE;`,
    ),
    // Pointers come last: the size of the workspace is asked for before all memory is there.
    ...(tensors.length > 0
      ? [
          '  for (const auto& tensor : tensors)',
          '    if (tensor.given && tensor.elements > 0.0 && tensor.pointer == nullptr) return ATTNC_NULL_POINTER;',
        ]
      : []),
    ...alignmentLines(program, member),
    '  return 0;',
    '}',
  ].join('\n');
}

/** Refuses tensors that begin where several of their elements cannot be accessed at once; the workspace is aligned. */
function alignmentLines(program: Program, member: (name: string) => string): string[] {
  const asked = alignments(program);
  const given = [...program.inputs, ...program.outputs].filter((t) => asked.has(t.name));
  if (given.length === 0) return [];
  return [
    '  const struct {',
    '    const void* pointer;',
    '    uintptr_t bytes;',
    '  } places[] = {',
    ...given.map((t) => `      {args->${member(t.name)}, ${asked.get(t.name)!}},`),
    '  };',
    '  for (const auto& place : places)',
    '    if (reinterpret_cast<uintptr_t>(place.pointer) % place.bytes != 0) return ATTNC_MISALIGNED;',
  ];
}

/** Lines that add up the aligned places of workspace tensors; `take` may use each place. */
function workspaceLines(
  program: Program,
  product: (shape: readonly Expr[]) => string,
  take: (t: ProgramTensor) => string[],
) {
  return program.workspace.flatMap((t) => [
    ...take(t),
    `  bytes += (static_cast<size_t>(${product(t.shape)}) * ${STORAGE[t.storage].bytes} + 255) / 256 * 256;`,
  ]);
}

function workspaceFunction(program: Program): string {
  const stem = fileStem(program.name);
  const head = `extern "C" size_t ${stem}_workspace_bytes(const ${stem}_args* args) {`;
  if (program.workspace.length === 0) return [head, '  (void)args;', '  return 0;', '}'].join('\n');
  const { lines, product } = sizeNames(
    program,
    program.workspace.flatMap((t) => t.shape),
  );
  return [
    head,
    `  const int status = ${stem}_check(args);`,
    `  if (status != 0 && (args == nullptr || ${alignments(program).size > 0 ? '(status != ATTNC_NULL_POINTER && status != ATTNC_MISALIGNED)' : 'status != ATTNC_NULL_POINTER'})) return 0;`,
    ...lines,
    '  size_t bytes = 0;',
    ...workspaceLines(program, product, () => []),
    '  return bytes;',
    '}',
  ].join('\n');
}

function launchFunction(program: Program): string {
  const stem = fileStem(program.name);
  const { member } = signatureOf(program);
  const shapes = program.workspace.flatMap((t) => t.shape);
  const { lines, product, formula } = sizeNames(program, [
    ...shapes,
    ...program.kernels.flatMap((k) => [k.grid, ...mapsOf(k).flatMap((m) => m.extents)]),
  ]);
  const place = makeNamer(LOCALS);
  const pointer = new Map<string, string>();
  for (const t of [...program.inputs, ...program.outputs]) pointer.set(t.name, `args->${member(t.name)}`);
  for (const t of program.workspace) pointer.set(t.name, place(`${t.name} place`));
  const hasWorkspace = program.workspace.length > 0;
  const sizes = new Set(signatureOf(program).sizes);
  const value = (name: string): string =>
    sizes.has(name) ? `static_cast<int>(args->${member(name)})` : `args->${member(name)}`;
  return [
    `extern "C" int ${stem}_launch(const ${stem}_args* args, cudaStream_t stream) {`,
    `  int status = ${stem}_check(args);`,
    '  if (status != 0) return status;',
    ...(hasWorkspace
      ? [
          `  if (args->workspace_bytes < ${stem}_workspace_bytes(args)) return ATTNC_WORKSPACE;`,
          `  if (args->workspace_bytes > 0 && args->workspace == nullptr) return ATTNC_NULL_POINTER;`,
        ]
      : []),
    ...lines,
    ...(hasWorkspace
      ? [
          '  size_t bytes = 0;',
          ...workspaceLines(program, product, (t) => [
            `  void* const ${pointer.get(t.name)!} = static_cast<char*>(args->workspace) + bytes;`,
          ]),
        ]
      : []),
    ...(program.uniforms.length > 0
      ? [
          wrapLine(
            `const ${uniformStructName(program)} uniforms = {${program.uniforms.map((u) => value(u.name)).join(', ')}};`,
            '  ',
          ),
        ]
      : []),
    ...launchesOf(program).flatMap((l) => launchLines(l, program, pointer, formula, place)),
    '  return status;',
    '}',
  ].join('\n');
}

function launchLines(
  { name, kernel, tensor }: LaunchOf,
  program: Program,
  pointer: ReadonlyMap<string, string>,
  formula: (e: Expr) => string,
  place: (name: string) => string,
): string[] {
  const mapName = (m: TensorMap): string => place(`${name} ${m.name}`);
  const maps = tensorMapLines(kernel, program, mapName, (t) => pointer.get(tensor(t))!, formula);
  const symbol = kernelSymbol(kernel);
  const bytes = kernel.shared.length > 0 ? sharedConstant(kernel) : '0';
  const args = kernel.buffers.map((b) => {
    const type = `${b.access === 'read' ? 'const ' : ''}${STORAGE_NAME[b.storage]}*`;
    return `static_cast<${type}>(${pointer.get(tensor(b.name))!})`;
  });
  args.push(...mapsOf(kernel).map(mapName));
  if (program.uniforms.length > 0) args.push('uniforms');
  const more = [
    `    status = cudaFuncSetAttribute(${symbol}, cudaFuncAttributeMaxDynamicSharedMemorySize, ${bytes});`,
    '    if (status != 0) return status;',
  ];
  return [
    `  if (const unsigned grid = static_cast<unsigned>(${formula(kernel.grid)}); grid > 0) {`,
    ...(sharedBytes(kernel) > DEFAULT_SHARED_BYTES ? more : []),
    ...maps.map((l) => wrapLine(l, '    ')),
    wrapLine(`${symbol}<<<grid, ${kernel.lanes}, ${bytes}, stream>>>(${args.join(', ')});`, '    '),
    '    status = cudaGetLastError();',
    '    if (status != 0) return status;',
    '  }',
  ];
}
