/**
 * WGSL without matrices of subgroups that means the same: of L lanes, lane l keeps rows l, l + L, … of each matrix as an array of f32, and
 * rows of a right side are shuffled to all lanes. For text that this compiler printed, on devices whose subgroups have L lanes.
 */
import type { WgslModule } from '../../src/runtime/webgpu.ts';

const TYPE = /subgroup_matrix_(left|right|result)<(f16|f32),\s*(\d+),\s*(\d+)>/g;
const LOAD =
  /subgroupMatrixLoad<\s*subgroup_matrix_(left|right)<(f16|f32),\s*(\d+),\s*(\d+)>,\s*(row|col)_major>\(&(\w+),/g;
const SAVE = /subgroupMatrixStore<(row|col)_major>\(&(\w+),\s*([^;]*?),\s*(\w+),\s*(\d+)\);/g;

/** Loops begin where a driver cannot see that it is zero: it would write all of them out. */
const ZERO = 'matrix_zero';
/** Number of the lane in its subgroup, of which all lanes are here. */
const LANE = 'subgroupExclusiveAdd(1u)';

const loop = (name: string, to: number, body: string): string =>
  `for (var ${name} = ${ZERO}; ${name} < ${to}u; ${name}++) {\n${body}\n}`;

/** Index of element (r, c) in an array that a matrix is loaded from or saved to. */
const place = (order: string): string => (order === 'row' ? 'at + r * stride + c' : 'at + c * stride + r');

export function withoutMatrices({ source, manifest }: WgslModule, lanes: number): WgslModule {
  const declared = new Map<string, string>();
  const shapes = new Map<string, { readonly rows: number; readonly cols: number }>();
  const struct = (role: string, cols: string, rows: string): string => {
    const name = `matrix_${role}`;
    const shape = { rows: Number(rows), cols: Number(cols) };
    const known = shapes.get(role) ?? shape;
    if (known.rows !== shape.rows || known.cols !== shape.cols || shape.rows % lanes !== 0)
      throw new Error(`${role} matrices of several shapes, or not for ${lanes} lanes`);
    shapes.set(role, shape);
    declared.set(name, `struct ${name} { e: array<f32, ${(shape.rows / lanes) * shape.cols}> }`);
    return name;
  };
  const eachElement = (rows: number, cols: number, body: string): string =>
    loop('i', rows / lanes, `let r = i * ${lanes}u + lane;\n${loop('c', cols, body)}`);
  let text = source.replace(LOAD, (_, role, _type, cols, rows, order, array) => {
    const matrix = struct(role, cols, rows);
    const name = `load_${matrix}_${order}_${array}`;
    const body = eachElement(
      Number(rows),
      Number(cols),
      `m.e[i * ${cols}u + c] = f32(${array}[${place(order)}]);`,
    );
    const lines = ['var m: ' + matrix + ';', `let lane = ${LANE};`, body, 'return m;'];
    declared.set(name, `fn ${name}(at: u32, stride: u32) -> ${matrix} {\n${lines.join('\n')}\n}`);
    return `${name}(`;
  });
  text = text.replace(TYPE, (_, role, _type, cols, rows) => struct(role, cols, rows));
  const { rows, cols } = shapes.get('result')!;
  const depth = shapes.get('left')!.cols;
  const product = loop('i', rows / lanes, `m.e[i * ${cols}u + c] += x.e[i * ${depth}u + k] * b;`);
  const shuffled = `let b = subgroupShuffle(y.e[(k / ${lanes}u) * ${cols}u + c], k % ${lanes}u);`;
  const lines = [
    'var x = left;',
    'var y = right;',
    'var m = sum;',
    loop('k', depth, loop('c', cols, `${shuffled}\n${product}`)),
    'return m;',
  ];
  const arguments_ = 'left: matrix_left, right: matrix_right, sum: matrix_result';
  declared.set('multiply', `fn matrix_multiply(${arguments_}) -> matrix_result {\n${lines.join('\n')}\n}`);
  text = text.replace(/subgroupMatrixMultiplyAccumulate\(/g, 'matrix_multiply(');
  text = text.replace(SAVE, (_, order, array, at, matrix, stride) => {
    const name = `save_${order}_${array}`;
    const body = eachElement(rows, cols, `${array}[${place(order)}] = m.e[i * ${cols}u + c];`);
    const inner = ['var m = saved;', `let lane = ${LANE};`, body];
    declared.set(name, `fn ${name}(at: u32, saved: matrix_result, stride: u32) {\n${inner.join('\n')}\n}`);
    return `${name}(${at}, ${matrix}, ${stride});`;
  });
  const enable = /^enable subgroups;$/m.test(text) ? '' : 'enable subgroups;';
  text = text.replace('enable chromium_experimental_subgroup_matrix;', enable);
  // What a driver cannot see through is no more uniform for WGSL either.
  const heads = text.replace(/^((?:enable [^\n]*\n)+)/m, '$1diagnostic(off, subgroup_uniformity);\n');
  // Some devices are asked not to zero workgroup memory.
  const begun = heads.replace(/^(@compute[^{]*\{\n)/gm, `$1  ${ZERO} = 0u;\n  workgroupBarrier();\n`);
  const added = [`var<workgroup> ${ZERO}: u32;`, ...declared.values()].join('\n');
  const { matrixUnits: _, ...plain } = manifest;
  return { source: `${begun}\n${added}\n`, manifest: plain };
}
