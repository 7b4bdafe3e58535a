/** `attnc doctor`: what this machine can run, and how to get the rest. */
import type { Command } from 'commander';
import { inspectMachine, installDevices } from '../../runtime/machine.ts';
import type { Runner } from '../context.ts';

export function addDoctor(program: Command, run: Runner): void {
  program
    .command('doctor')
    .description('say what this machine can run: WebGPU devices, g++, nvcc, GPUs, browsers')
    .option('--install', 'install software devices with apt first (needs root on Debian or Ubuntu)')
    .option('--json', 'print one JSON object')
    .action((options: { install?: true; json?: true }) =>
      run('doctor', options.json === true, async ({ io, note }) => {
        const installation = options.install ? installDevices() : undefined;
        if (installation?.log) note(installation.log);
        const findings = inspectMachine();
        const width = Math.max(...findings.map((f) => f.name.length));
        const lines = findings.map((f) => {
          const mark = f.present ? io.colors.green('yes') : io.colors.yellow('no ');
          return `${mark} ${f.name.padEnd(width)}  ${f.detail}${f.remedy ? ` — ${f.remedy}` : ''}`;
        });
        return {
          ok: true,
          data: { findings, ...(installation ? { installation } : {}) },
          text: lines.join('\n'),
        };
      }),
    );
}
