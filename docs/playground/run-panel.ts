/** The tab that runs the kernel: on the GPU where there is one, with random tensors or those of files. */
import { Client, Unanswered } from './client.ts';
import { byId } from './dom.ts';
import { reportPanel } from './panels/report.ts';
import type { DroppedFile, Subject } from './protocol.ts';
import { failurePanel } from './views.ts';

const TENSORS = /\.(?:npy|npz|safetensors)$/i;

export class RunPanel {
  private readonly start = byId('start', HTMLButtonElement);
  private readonly halt = byId('stop', HTMLButtonElement);
  private readonly report = byId('report', HTMLElement);
  private readonly dropped = byId('dropped', HTMLElement);
  private files: readonly DroppedFile[] = [];

  /** @param subject what to run; undefined while the text has errors */
  constructor(
    private readonly runner: Client,
    private readonly gpu: GPUAdapterInfo | undefined,
    private readonly subject: () => Subject | undefined,
    dropPlace: HTMLElement,
  ) {
    byId('device', HTMLElement).textContent = gpu
      ? `WebGPU: ${gpu.description || [gpu.vendor, gpu.architecture, gpu.device].filter(Boolean).join(' ')}.`
      : 'This browser offers no WebGPU here, so kernels are run lane by lane by the kernel interpreter.';
    this.start.textContent = gpu ? 'Run on this GPU' : 'Run in the kernel interpreter';
    this.start.addEventListener('click', () => void this.run());
    this.halt.addEventListener('click', () => this.runner.stop());
    const input = byId('files', HTMLInputElement);
    input.addEventListener('change', () => void this.take(input.files ?? []));
    dropPlace.addEventListener('dragover', (e) => e.preventDefault());
    dropPlace.addEventListener('drop', (e) => {
      e.preventDefault();
      void this.take(e.dataTransfer?.files ?? []);
    });
  }

  /** What was shown belongs to another text or other numbers. */
  forget(): void {
    this.report.replaceChildren();
  }

  private async take(files: Iterable<File>): Promise<void> {
    this.forget();
    const wanted = [...files].filter((f) => TENSORS.test(f.name));
    this.files = await Promise.all(
      wanted.map(async (f) => ({ name: f.name, bytes: new Uint8Array(await f.arrayBuffer()) })),
    );
    this.dropped.textContent =
      this.files.length > 0
        ? `Tensors from ${this.files.map((f) => f.name).join(', ')}.`
        : 'No tensor files: they end in .npy, .npz or .safetensors.';
  }

  private async run(): Promise<void> {
    const s = this.subject();
    if (!s) return this.report.replaceChildren(...failurePanel({ message: 'The source has errors.' }));
    this.start.disabled = true;
    this.halt.disabled = false;
    this.report.replaceChildren('Running…');
    try {
      const answer = await this.runner.ask('run', { ...s, files: this.files, gpu: this.gpu !== undefined });
      this.report.replaceChildren(...reportPanel(answer));
    } catch (e) {
      if (!(e instanceof Unanswered)) throw e;
      this.report.replaceChildren(...(e.failure ? failurePanel(e.failure) : ['Stopped.']));
    } finally {
      this.start.disabled = false;
      this.halt.disabled = true;
    }
  }
}
