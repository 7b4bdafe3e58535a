// Runs under Deno, whose WebGPU is wgpu: validates WGSL with Naga. Reads a JSON list of { title, source, entries } from the
// file named by the first argument and prints a JSON list of { title, errors, pipelines }.
const [path] = Deno.args;
const modules = JSON.parse(await Deno.readTextFile(path));
const adapter = await navigator.gpu?.requestAdapter();
if (!adapter) {
  console.log(JSON.stringify({ missing: 'Deno finds no WebGPU adapter' }));
  Deno.exit(0);
}
const open = (f16) => adapter.requestDevice({ requiredFeatures: f16 ? ['shader-f16'] : [] });
const plain = await open(false);
const half = adapter.features.has('shader-f16') ? await open(true) : undefined;
const results = [];
for (const { title, source, entries, f16 } of modules) {
  const device = f16 ? half : plain;
  if (!device) {
    results.push({ title, skipped: 'the adapter has no shader-f16' });
    continue;
  }
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code: source });
  const error = await device.popErrorScope();
  const errors = error ? [error.message] : [];
  let pipelines = 0;
  for (const entryPoint of errors.length ? [] : entries) {
    device.pushErrorScope('validation');
    device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint } });
    const refused = await device.popErrorScope();
    if (refused) errors.push(`${entryPoint}: ${refused.message}`);
    else pipelines++;
  }
  results.push({ title, errors, pipelines });
}
console.log(JSON.stringify({ adapter: adapter.info.description, results }));
Deno.exit(0);
