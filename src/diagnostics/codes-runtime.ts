/** E05xx sizes and tensors, E06xx compilation and limits, E07xx files and the command line. */
import type { CodeRow } from './code-row.ts';

export const RUNTIME_CODES: readonly CodeRow[] = [
  {
    code: 'E0700',
    title: 'wrong usage of the command line',
    explanation:
      'An option or argument is unknown, missing or malformed. `attnc help COMMAND` lists what a command takes. Sizes and ' +
      'parameters are given as `NAME=VALUE`, for example `--set N=4096 --param window=128`. The exit code is 2.',
  },
  {
    code: 'E0701',
    title: 'a file cannot be read',
    explanation:
      'The file named on the command line does not exist or may not be read. Check the path and its permissions.',
  },
  {
    code: 'E0702',
    title: 'a file cannot be written',
    explanation:
      'Results are written beside their target and then renamed over it, so the folder must exist and be writable. ' +
      'When one of several files cannot be written, none is changed.',
  },
  {
    code: 'E0703',
    title: 'unknown tensor file format',
    explanation:
      'Tensors are read from and written to `.npy`, `.npz` and `.safetensors`; the ending of the name chooses the format.',
  },
  {
    code: 'E0704',
    title: 'not a .npy file',
    explanation:
      'A .npy file starts with `\\x93NUMPY`, a version and a header such as ' +
      "`{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`. This file does not. Write it again with `numpy.save`.",
  },
  {
    code: 'E0705',
    title: 'a tensor file has the wrong length',
    explanation:
      'The header promises more or fewer bytes than the file has: a copy or download was probably cut short.',
  },
  {
    code: 'E0706',
    title: 'element type not supported',
    explanation:
      'Files may hold f64 f32 f16 bf16, i64 i32 i16 i8, u64 u32 u16 u8 and bool elements; bfloat16 in .npy is what `ml_dtypes` ' +
      'writes (`<V2`). Complex numbers, strings, objects and records are not tensors of numbers; 8-bit floats are not supported.',
  },
  {
    code: 'E0707',
    title: 'not a readable .npz file',
    explanation:
      'A .npz is a zip of .npy files, as `numpy.savez` writes. The zip directory of this one is damaged.',
  },
  {
    code: 'E0708',
    title: 'a value would be lost in conversion',
    explanation:
      'An integer of the file does not fit into the element type that the kernel declares, or a float tensor was given where ' +
      'integers are declared. Integers are converted only when every element stays exact.',
  },
  {
    code: 'E0709',
    title: 'not a sound safetensors file',
    explanation:
      'The header must be a JSON object whose entries cover the data exactly, without gaps or overlaps, and each span must have ' +
      'the size that shape and type ask for.',
  },
  {
    code: 'E0710',
    title: 'a tensor is missing or not wanted',
    explanation:
      'Every input of the kernel without a default needs a tensor: `--in q=q.npy`, `--in q=weights.safetensors:layer.0.q`, or ' +
      '`--in all.safetensors` which binds by name. A name that the kernel does not have is refused so that typos are noticed.',
  },
  {
    code: 'E0720',
    title: 'no such kernel',
    explanation:
      'The file declares no kernel of that name, or several kernels and `--kernel` does not say which one is meant.',
  },
  {
    code: 'E0722',
    title: 'no such size, parameter or output',
    explanation: 'The kernel does not declare the name that was given with `--set`, `--param` or `--out`.',
  },
  {
    code: 'E0730',
    title: 'the target cannot run here',
    explanation:
      'The target needs something this machine lacks: a WebGPU adapter for `wgsl`, g++ for `cuda-emu`, an NVIDIA GPU and nvcc for ' +
      '`cuda`. `attnc doctor` says what is present and how to get the rest.',
  },
  {
    code: 'E0731',
    title: 'the target disagrees with the interpreter',
    explanation:
      'The interpreter is the definition, so a difference beyond rounding is a bug in attnc (or in a device driver). ' +
      'The seed and sizes in the message reproduce it; please report it.',
  },
  {
    code: 'E0732',
    title: 'no sizes satisfy the requirements',
    explanation:
      'Random sizes and parameters were drawn, but none satisfied every `require` of the kernel. Fix some with `--set` or `--param`.',
  },
  {
    code: 'E0733',
    title: 'execution failed',
    explanation:
      'The generated code was built but its execution reported an error, such as an access outside a tensor.',
  },
  {
    code: 'E0740',
    title: 'there is no such picture',
    explanation:
      'A picture shows pairs of positions: rows of a stage and the positions that it runs over. `--output` chooses an output that is ' +
      'computed so, `--map` a definition with a value per pair, `--at` an index of an axis that is neither, and `--tile` as many numbers ' +
      'per side as it has axes, or one.',
  },
  {
    code: 'E0741',
    title: 'the picture would be too large, or empty',
    explanation:
      'Every pair is evaluated, so there can be no more than 2^24, and there must be one. Masks look alike at smaller sizes: choose ' +
      'them with `--set`, or larger tiles with `--tile`.',
  },
  {
    code: 'E0742',
    title: 'unknown picture format',
    explanation: 'Pictures are written as `.svg` or `.png`; the ending of the name chooses the format.',
  },
  {
    code: 'E0750',
    title: 'not a plan file',
    explanation:
      'A plan file is JSON as `attnc tune` writes it: `format`, and a list `plans` with a plan for each kernel, target and device. ' +
      'A key is unknown or missing, or a value is none that it can have; docs/tuning.md lists them. Files of another format were ' +
      'written by another version of attnc.',
  },
  {
    code: 'E0751',
    title: 'no plan for this kernel, target and device',
    explanation:
      'The file that `--plan` names has plans, but none for the kernel, target and kind of device that is compiled for. A file ' +
      'beside the spec may lack them; then the compiler plans by itself.',
  },
  {
    code: 'E0752',
    title: 'tuning ended without a plan',
    explanation:
      'Tuning was stopped (Ctrl-C), or no schedule could be measured, so no plan was written; a plan file that was there is as it ' +
      'was. `--budget SECONDS` ends the search earlier by itself, and a plan is then chosen from what was measured.',
  },
];
