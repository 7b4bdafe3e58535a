/** Errors of launches: what is wrong, where, and what to do, in the text that a console shows. */
import { UserError, type Diagnostic } from '../diagnostics/diagnostic.ts';

export interface KernelErrorParts {
  readonly code: string;
  /** What of which kernel: `gated_window, input q: f16[B, H, N, D]`. */
  readonly place: string;
  readonly message: string;
  readonly hint?: string;
}

/** Thrown, or the reason of a rejection, by everything in `attnc/webgpu`; the codes are `attnc explain E0760` and following. */
export class KernelError extends UserError {
  readonly code: string;
  readonly place: string;
  readonly hint: string | undefined;

  constructor({ code, place, message, hint }: KernelErrorParts) {
    super({ code, severity: 'error', message: `${place}: ${message}`, ...(hint ? { hint } : {}) });
    this.name = 'KernelError';
    this.code = code;
    this.place = place;
    this.hint = hint;
    this.message = `${code} ${place}: ${message}${hint ? `\n  hint: ${hint}` : ''}`;
  }
}

/** Errors of layers below, at a place. */
export function at<T>(place: string, f: () => T): T {
  try {
    return f();
  } catch (e) {
    if (!(e instanceof UserError) || e instanceof KernelError) throw e;
    const { code, message, hint }: Diagnostic = e.diagnostic;
    throw new KernelError({ code, place, message, ...(hint ? { hint } : {}) });
  }
}
