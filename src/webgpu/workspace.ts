/** Scratch memory that kernels share when they run one after the other on one queue. */

/** Buffers by position: the second tensor of every kernel's workspace is the second buffer, as large as the largest needs. */
export class Workspace {
  readonly #device: GPUDevice;
  readonly #slots: GPUBuffer[] = [];
  readonly #made = new Set<GPUBuffer>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Bytes of all buffers that were made. */
  get bytes(): number {
    return [...this.#made].reduce((sum, b) => sum + b.size, 0);
  }

  /**
   * Buffers of at least these sizes. Those handed out earlier stay as they are: a kernel that holds one keeps it.
   * @internal
   */
  take(sizes: readonly number[], made: GPUBuffer[]): readonly GPUBuffer[] {
    return sizes.map((size, n) => {
      const known = this.#slots[n];
      if (known && known.size >= size) return known;
      const buffer = this.#device.createBuffer({
        label: `workspace ${n}`,
        size,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
      });
      made.push(buffer);
      this.#made.add(buffer);
      return (this.#slots[n] = buffer);
    });
  }

  /**
   * Takes back what could not be made after all.
   * @internal
   */
  forget(buffers: readonly GPUBuffer[]): void {
    for (const buffer of buffers) {
      this.#made.delete(buffer);
      const at = this.#slots.indexOf(buffer);
      if (at >= 0) delete this.#slots[at];
    }
  }

  /** Frees all of it. Kernels that share it cannot run after that. */
  destroy(): void {
    for (const buffer of this.#made) buffer.destroy();
    this.#made.clear();
    this.#slots.length = 0;
  }
}
