/** Packages for PyTorch: their Python parses, their C++ compiles against declarations of PyTorch, and their schemas say the same. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attnc } from '../support/cli.ts';
import { anyPython } from '../support/torch/python.ts';
import { parseSchema } from '../support/torch/schema.ts';

const root = join(import.meta.dirname, '../..');
const stubs = join(root, 'test/support/torch/stubs');
const hasCompiler = spawnSync('g++', ['--version']).status === 0;

/** All kinds of arguments: grouped heads, params, integers, sizes that no tensor fixes, states, several kernels, 8-bit floats. */
const EXAMPLES = [
  'gated_window',
  'document',
  'gdn',
  't5_causal',
  'moba',
  'dropout_attention',
  'h2o',
  'fp8',
  'sage',
];
const CPP_TYPE = { Tensor: 'const at::Tensor&', int: 'int64_t', float: 'double', bool: 'bool' } as const;

let folder: string;
const texts = new Map<string, string>();
const pathsOf = (ending: RegExp): string[] => [...texts.keys()].filter((p) => ending.test(p));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'attnc-torch-'));
  const present = EXAMPLES.filter((e) => readdirSync(join(root, 'examples')).includes(`${e}.attn`));
  expect(present.length).toBeGreaterThan(6);
  for (const example of present) {
    const out = join(folder, example);
    const ran = await attnc(
      'compile',
      join(root, `examples/${example}.attn`),
      '--target',
      'torch',
      '-o',
      out,
    );
    expect({ example, code: ran.code, stderr: ran.stderr.replace(/^note: .*\n/gm, '') }).toEqual({
      example,
      code: 0,
      stderr: '',
    });
    for (const path of readdirSync(out, { recursive: true, encoding: 'utf8' }))
      if (/\.\w+$/.test(path)) texts.set(join(out, path), readFileSync(join(out, path), 'utf8'));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a package for PyTorch', () => {
  it('has all that pip needs', () => {
    const own = pathsOf(/gated_window/).map((p) => p.slice(join(folder, 'gated_window').length + 1));
    expect(own.sort()).toEqual([
      'MANIFEST.in',
      'README.md',
      'attnc_gated_window/__init__.py',
      'attnc_gated_window/eager.py',
      'attnc_gated_window/py.typed',
      'csrc/attnc_torch.h',
      'csrc/gated_window.cu',
      'csrc/gated_window.cuda.json',
      'csrc/gated_window.h',
      'csrc/gated_window_torch.cpp',
      'csrc/module.cpp',
      'pyproject.toml',
      'setup.py',
      'tests/test_attnc_gated_window.py',
    ]);
    const setup = texts.get(join(folder, 'gated_window/setup.py'))!;
    for (const [, source] of setup.matchAll(/"(csrc\/[^"]+)"/g)) expect(own).toContain(source);
  });

  it('is Python with types and docstrings', (context) => {
    context.skip(anyPython === undefined, 'no Python on this machine');
    const python = pathsOf(/\.(py|toml)$/);
    expect(python.length).toBeGreaterThan(20);
    const checked = spawnSync(anyPython!, [join(root, 'test/support/torch/check.py'), ...python], {
      encoding: 'utf8',
    });
    expect(checked).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  it('is C++ that compiles', { timeout: 120_000 }, (context) => {
    context.skip(!hasCompiler, 'no g++ on this machine');
    const sources = pathsOf(
      /(gated_window|h2o\w*|t5_causal|dropout_attention)_torch\.cpp$|gated_window.*module\.cpp$/,
    );
    const compiled = spawnSync(
      'g++',
      ['-std=c++17', '-fsyntax-only', '-Wall', '-Wextra', '-Werror', '-I', stubs, ...sources],
      { encoding: 'utf8' },
    );
    expect(compiled.stderr).toBe('');
    expect(compiled.status).toBe(0);
  });

  it('has one schema in C++, Python and its test', () => {
    const bindings = pathsOf(/_torch\.cpp$/);
    expect(bindings.length).toBeGreaterThan(8);
    for (const path of bindings) {
      const text = texts.get(path)!;
      const schema = parseSchema(/m\.def\("(.*)"\);/.exec(text)![1]!);
      const header = /^(at::Tensor|std::tuple<.*>) (\w+)_op\(\n([^)]*)\) \{/m.exec(text)!;
      expect(header[2]).toBe(schema.name);
      expect(header[1]!.match(/at::Tensor/g)).toHaveLength(schema.results);
      const parameters = header[3]!.split(',').map((p) => p.trim());
      expect(parameters).toEqual(
        schema.arguments.map((a) => `${CPP_TYPE[a.type as keyof typeof CPP_TYPE]} ${a.name}`),
      );
      const [library] = /(?<=TORCH_LIBRARY_FRAGMENT\()\w+/.exec(text)!;
      const python = texts.get(join(path, '../..', library!, '__init__.py'))!;
      const names = schema.arguments.map((a) => a.name).join(', ');
      expect(python).toContain(`return torch.ops.${library}.${schema.name}(${names})`);
      expect(python).toContain(
        `@torch.library.register_fake("${library}::${schema.name}")\ndef _(${names}):`,
      );
      expect(texts.get(join(path, '../..', 'tests', `test_${library}.py`))).toContain(
        `torch.ops.${library}.${schema.name}.default`,
      );
    }
  });

  it('checks every dimension of every input', () => {
    const text = texts.get(pathsOf(/gated_window_torch\.cpp$/)[0]!)!;
    // Four tensors of four dimensions; seven of them are where sizes come from.
    expect(text.match(/attnc::extent\(/g)).toHaveLength(16 - 7);
    expect(text).toContain('TORCH_CHECK(D == 64');
    expect(text).toContain('TORCH_CHECK(attnc::remainder(H, G) == 0');
  });

  it('is refused for a kernel without a tensor', async () => {
    const { code, json } = await attnc(
      'compile',
      join(root, 'test/support/torch/table.attn'),
      '--target',
      'torch',
      '-o',
      join(folder, 'table'),
      '--json',
    );
    expect([code, json().diagnostics[0]!.code]).toEqual([1, 'E0661']);
  });
});
