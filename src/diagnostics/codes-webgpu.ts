/** E076x: launches on a WebGPU device, as a page meets them. */
import type { CodeRow } from './code-row.ts';

export const WEBGPU_CODES: readonly CodeRow[] = [
  {
    code: 'E0760',
    title: 'a launch is asked for something that cannot be',
    explanation:
      'A size is none of the kernel’s, or it was fixed at another value when the kernel was compiled (`set`); a timer is asked for on a ' +
      'device without `timestamp-query`, or holds fewer launches than were recorded. Nothing was recorded or sent to the device.',
  },
  {
    code: 'E0761',
    title: 'a buffer or array does not fit its tensor',
    explanation:
      'Each input is a `GPUBuffer` with the usage `STORAGE` and enough bytes, or was uploaded from a typed array with as many elements ' +
      'as its shape has; the message shows the shape in sizes and in numbers. A buffer that a kernel writes can be nothing else in the ' +
      'same launch. Nothing was recorded or sent to the device.',
  },
  {
    code: 'E0762',
    title: 'the device cannot run the kernel',
    explanation:
      'The kernel uses a feature, or more of a limit, than the device was made with. `requestDevice(adapter, [module])` from ' +
      '`attnc/webgpu` asks for what modules need. Where the adapter lacks it, compile without it: `shaderF16`, `subgroups`, `packedProducts`, ' +
      '`workgroupBytes` and `matrixUnits` are off unless they are asked for.',
  },
  {
    code: 'E0763',
    title: 'the device is out of memory',
    explanation:
      'A buffer could not be made. What the same call had made before is freed again. Kernels that run one after the other can share ' +
      'their scratch memory: `new Workspace(device)`.',
  },
  {
    code: 'E0764',
    title: 'the device is lost, or the kernel was destroyed',
    explanation:
      'A driver was reset, the tab was suspended, or `device.destroy()` was called: buffers and pipelines are gone with the device. ' +
      'Ask for a device again and make the kernels again. A kernel cannot be used after its own `destroy()` either.',
  },
  {
    code: 'E0765',
    title: 'the device refused a launch',
    explanation:
      'WebGPU’s own checks failed after ours had passed, mostly because a buffer was destroyed or belongs to another device. ' +
      'Nothing of the launch ran.',
  },
];
