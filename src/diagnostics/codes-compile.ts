/** E06xx: what stands between a correct spec and a kernel for a target; and warnings about what its lowering means. */
import type { CodeRow } from './code-row.ts';

export const COMPILE_CODES: readonly CodeRow[] = [
  {
    code: 'E0601',
    title: 'too many buffers for the target',
    explanation:
      'A kernel binds more tensors than every device of the target offers; WebGPU guarantees 8 storage buffers per stage. ' +
      'Pack several small tensors into one, or write fewer outputs in one kernel.',
  },
  {
    code: 'E0602',
    title: 'too much workgroup memory for the target',
    explanation:
      'The tiles of a kernel do not fit into workgroup memory; WebGPU guarantees 16 KiB. Plan smaller tiles.',
  },
  {
    code: 'E0603',
    title: 'too many lanes for the target',
    explanation:
      'A workgroup has more lanes than the target allows; WebGPU guarantees 256. Plan smaller tiles.',
  },
  {
    code: 'E0610',
    title: 'a size must be fixed to compile',
    explanation:
      'A lane holds vectors, such as a row of queries over the feature axis, in registers, whose number is fixed at ' +
      'compile time. Give the size: `attnc compile FILE --set D=64 --set E=64`. Other sizes stay open until a launch.',
  },
  {
    code: 'E0611',
    title: 'a storage that cannot stand for the declared one',
    explanation:
      'A variant may store a tensor in another type only if the values are of one kind: f32, f16, bf16, e4m3 and e5m2 ' +
      'stand for each other, and so do i32 and i8, and u32 and u8. An integer tensor does not become a float tensor.',
  },
  {
    code: 'E0612',
    title: 'no such kernel',
    explanation:
      'A file may hold several kernels; then the one to compile or run is named with `--kernel NAME` or `{ kernel }`.',
  },
  {
    code: 'E0613',
    title: 'steps that need each other',
    explanation:
      'States are carried step by step along an axis, and a launch takes the steps of states that need each other together. ' +
      'That is impossible where two states along different axes, or in opposite directions, need each other, or where a step ' +
      'reads by an index what another step of the same states has made: what a step needs of the steps before it is carried ' +
      'by a state.',
  },
  {
    code: 'E0630',
    title: 'no recurrence to take apart',
    explanation:
      'A step, a summary and the kernel that applies what came in are made of states that are carried along an axis. The ' +
      'kernel has none, and its sums over earlier positions are none either: they do not split into a part of the earlier ' +
      'position and a part of the later one.',
  },
  {
    code: 'E0631',
    title: 'a step needs the future',
    explanation:
      'A step computes one position from what was carried to it. A recurrence that runs from the last position to the ' +
      'first, or a read of a later position, has no such step.',
  },
  {
    code: 'E0632',
    title: 'a part of the sequence does not hold what is read',
    explanation:
      'A step or a part of a sequence has its own positions, states, and a tail of the positions before it whose length is ' +
      'fixed. Reads of any position, sums over all of them, and the last value of a state at each position need the whole ' +
      'sequence. A tensor that is whole in every part, such as a cache, is declared along an axis of its own.',
  },
  {
    code: 'E0633',
    title: 'a state without a summary',
    explanation:
      'Parts of a sequence can be computed independently where a step is affine in the states (its coefficients are free of ' +
      'them), a running maximum or minimum, or affine relative to a running maximum. A step that puts its state through ' +
      'another function can only be taken one after the other.',
  },
  {
    code: 'E0640',
    title: 'a plan that a launch cannot take',
    explanation:
      'A plan says for each launch how many rows and columns a tile has, how many lanes work on it and where they read from. A ' +
      'value of it is impossible for this launch, target or size: more lanes than there are, rows that lanes cannot share ' +
      'evenly, tiles that do not fit into workgroup memory, a stream that cannot be shared. The message names the value. ' +
      '`attnc tune` writes only plans that fit; `--no-plan` compiles without one.',
  },
  {
    code: 'E0641',
    title: 'a plan for other launches',
    explanation:
      'A plan notes how each launch was built: the roles of its axes, what it loads, contracts and carries. The kernel is built ' +
      'otherwise now, because its text, its optional inputs, its element types or the compiler changed; names, sizes and ' +
      'formulas alone do not matter. Write the plan again with `attnc tune`, or leave it out with `--no-plan`.',
  },
  {
    code: 'W0910',
    title: 'a plan that is not used',
    explanation:
      'The plan file beside the spec has a plan for this kernel, target and device, but it was made when the launches were built ' +
      'otherwise, so the compiler planned by itself. Write the plan again with `attnc tune`, or delete it. With `--plan FILE` ' +
      'the same is an error.',
  },
  {
    code: 'W0908',
    title: 'a row that keeps no element',
    explanation:
      'The masks remove every element of a row of a reduction, for the sizes, params and tensor elements that the message ' +
      'gives. Such a row gives 0, and its maximum and its logsumexp are -inf, which is often not what was meant.\n\n' +
      '```attn\nparam width: int = 4\naxes i: N, j: N\nin s: f32[i, j]\n' +
      'mask abs(i - j) < width   // with width = 0 nothing is kept\nout y: f32[i] = logsumexp[j](s)\n```\n\n' +
      '`require width >= 1` says that this does not occur: it is checked before each launch, and with it the compiler ' +
      'proves that every row keeps an element. If rows without elements are meant to be, ask which they are, and the ' +
      'kernel is taken to know: `out kept: bool[i] = any[j](true)`, over the indices of the row.\n\n' +
      'It is a warning where sizes and params alone empty a row, and a note where tensors have to, as the lengths of a ' +
      'padded batch may, or where neither a proof nor an example was found. Proofs count integers as if they had no end, ' +
      'and take sizes and extents to be at least 1. Not looked at are reductions with a range of their own, and sums of ' +
      'what was already reduced along the other axis, such as the weight that a key receives.',
  },
  {
    code: 'E0660',
    title: 'no formula for PyTorch',
    explanation:
      'A package for PyTorch has the formula of its kernel as plain PyTorch code, against which the kernel is tested. Something in ' +
      'the kernel has no such formula, as states along different axes whose steps need each other. Compile it with ' +
      '`--target cuda` and launch it from C++ (`docs/cuda.md`).',
  },
  {
    code: 'E0661',
    title: 'an operator without a tensor',
    explanation:
      'PyTorch finds the device of an operator by its tensors. A kernel that takes none, as one that fills a table from sizes alone, ' +
      'cannot be one: give it an input, or launch it from C++ (`docs/cuda.md`).',
  },
  {
    code: 'E0662',
    title: 'no sizes to test a package with',
    explanation:
      'The test of a package runs its kernel once with sizes and params that meet all `require` lines. None were found by trying. ' +
      'Fix some sizes: `attnc compile FILE --target torch --set N=4096`.',
  },
];
