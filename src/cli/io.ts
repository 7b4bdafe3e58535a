/** What a command may do to the outside besides files: two streams. Tests pass their own. */
import pc from 'picocolors';

export interface Io {
  stdout(text: string): void;
  stderr(text: string): void;
  /** Whether a person watches stderr, so that progress may be drawn. */
  readonly watched: boolean;
  readonly colors: ReturnType<typeof pc.createColors>;
}

/** Colours only on a terminal, and never when NO_COLOR is set. */
export function processIo(): Io {
  const { env, stdout, stderr } = process;
  const wanted = env.FORCE_COLOR ? env.FORCE_COLOR !== '0' : stderr.isTTY === true && env.TERM !== 'dumb';
  return {
    stdout: (text) => void stdout.write(text),
    stderr: (text) => void stderr.write(text),
    watched: stderr.isTTY === true,
    colors: pc.createColors(wanted && !env.NO_COLOR),
  };
}
