/** What this machine can execute: looked up, never assumed. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findNvcc } from './nvcc.ts';
import { packageRoot } from './package-root.ts';

export interface Finding {
  readonly name: string;
  readonly present: boolean;
  /** Version or device when present, else what was looked for. */
  readonly detail: string;
  /** How to get it. */
  readonly remedy?: string;
}

const FIRST_LINE = /^[^\r\n]*/;

function ask(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: 30_000, env, cwd: packageRoot() });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** Vulkan drivers that Dawn can be pointed at, by the name of the device. */
export const VULKAN_DRIVERS: readonly { readonly name: string; readonly paths: readonly string[] }[] = [
  { name: 'lavapipe', paths: ['/opt/attnc/lavapipe_icd.json'] },
  {
    name: 'SwiftShader',
    paths: ['/opt/attnc/swiftshader_icd.json', '/usr/lib/chromium/vk_swiftshader_icd.json'],
  },
];

/** Runs in its own process: Dawn reads the driver once, and a broken driver may end the process. */
const PROBE = `
import { create, globals } from 'webgpu';
Object.assign(globalThis, globals);
globalThis.gpu = create(['enable-dawn-features=allow_unsafe_apis']);
const adapter = await gpu.requestAdapter();
if (!adapter) process.exit(1);
const { vendor, architecture, device, description } = adapter.info;
const features = ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix', 'timestamp-query'].filter((f) => adapter.features.has(f));
for (const c of adapter.info.subgroupMatrixConfigs ?? [])
  features.push('matrices ' + c.componentType + '-' + c.resultComponentType + ':' + [c.M, c.N, c.K].join('x'));
console.log(JSON.stringify({ name: description || [vendor, architecture, device].filter(Boolean).join(' '), features }));
process.exit(0);
`;

function probeWebgpu(driver: string | undefined): string | undefined {
  const env: NodeJS.ProcessEnv = { ...process.env, XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? '/tmp' };
  if (driver !== undefined) env.VK_ICD_FILENAMES = driver;
  const answer = ask(process.execPath, ['--input-type=module', '-e', PROBE], env);
  if (answer === undefined) return undefined;
  const { name, features } = JSON.parse(answer.split('\n').at(-1)!) as { name: string; features: string[] };
  return `${name}${features.length > 0 ? ` (${features.join(', ')})` : ''}`;
}

function webgpuFindings(): Finding[] {
  const remedy = 'attnc doctor --install (as root on Debian or Ubuntu)';
  const found: Finding[] = VULKAN_DRIVERS.map(({ name, paths }) => {
    const path = paths.find((candidate) => existsSync(candidate));
    const device = path === undefined ? undefined : probeWebgpu(path);
    const detail =
      device ?? (path === undefined ? `none of ${paths.join(', ')}` : `${path} gives no adapter`);
    return {
      name: `WebGPU on ${name}`,
      present: device !== undefined,
      detail,
      ...(device ? {} : { remedy }),
    };
  });
  const device = process.env.VK_ICD_FILENAMES
    ? probeWebgpu(process.env.VK_ICD_FILENAMES)
    : probeWebgpu(undefined);
  const where = process.env.VK_ICD_FILENAMES ? 'VK_ICD_FILENAMES' : "the system's own driver";
  if (device !== undefined) found.push({ name: `WebGPU on ${where}`, present: true, detail: device });
  return found;
}

function tool(name: string, commands: readonly string[], args: readonly string[], remedy: string): Finding {
  for (const command of commands) {
    const answer = ask(command, args);
    if (answer === undefined) continue;
    const line = answer.split('\n').find((text) => /\d+\.\d+/.test(text)) ?? FIRST_LINE.exec(answer)![0];
    return { name, present: true, detail: line.trim() };
  }
  return { name, present: false, detail: `none of ${commands.join(', ')}`, remedy };
}

/** Looks at everything that some target or test can use; takes a few seconds. */
export function inspectMachine(): Finding[] {
  const nvcc = findNvcc();
  const gpu = ask('nvidia-smi', ['--query-gpu=name,compute_cap', '--format=csv,noheader']);
  return [
    { name: 'Node.js', present: true, detail: process.version },
    ...webgpuFindings(),
    tool('g++ (CUDA emulator)', ['g++'], ['--version'], 'apt-get install g++'),
    tool(
      'nvcc (CUDA compile checks)',
      [nvcc ?? 'nvcc'],
      ['--version'],
      'install the CUDA toolkit from NVIDIA',
    ),
    gpu
      ? { name: 'NVIDIA GPU', present: true, detail: gpu.split('\n').join('; ') }
      : {
          name: 'NVIDIA GPU',
          present: false,
          detail: 'nvidia-smi finds none',
          remedy: 'a machine with an NVIDIA GPU',
        },
    tool(
      'Chromium (browser test)',
      ['chromium', 'chromium-browser', 'google-chrome'],
      ['--version'],
      'apt-get install chromium',
    ),
    tool('Deno (Naga check of WGSL)', ['deno'], ['--version'], 'npm install -g deno, or see deno.com'),
  ];
}

export interface Installation {
  readonly attempted: boolean;
  /** What was said by the script, or why nothing was tried. */
  readonly log: string;
}

/** Installs software devices with apt where that is possible; never throws. */
export function installDevices(): Installation {
  const script = `${packageRoot()}/.ci/setup-vulkan.sh`;
  const root = process.getuid?.() === 0;
  const debian = existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
  if (!root || !debian || !existsSync(script)) {
    const why = !debian
      ? 'this is not Debian or Ubuntu'
      : !root
        ? 'not running as root'
        : `${script} is absent`;
    return { attempted: false, log: `nothing installed: ${why}` };
  }
  const result = spawnSync('bash', [script], { encoding: 'utf8', timeout: 900_000 });
  return { attempted: true, log: `${result.stdout}${result.stderr}`.trim() };
}
