/** Telling devices that are programs from GPUs: kernels for one are slow on the other. */

/** Dawn calls any CPU device a fallback; the words are for implementations that say less. */
export function runsOnCpu(info: Partial<GPUAdapterInfo>): boolean {
  const words = [info.vendor, info.architecture, info.device, info.description].join(' ');
  return (
    info.isFallbackAdapter === true ||
    /llvmpipe|lavapipe|swiftshader|software|\bwarp\b|basic render/i.test(words)
  );
}
