/** Progress on long work: a bar where a person watches, nothing elsewhere. */
import cliProgress from 'cli-progress';
import type { Progress } from './context.ts';
import type { Io } from './io.ts';

export function startProgress(io: Io, json: boolean, total: number, label: string): Progress {
  if (json || !io.watched) return { step: () => {}, stop: () => {} };
  const bar = new cliProgress.SingleBar({
    format: `{label} {bar} {value}/{total} {eta_formatted}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  bar.start(total, 0, { label });
  return {
    step: (next) => bar.increment(1, next === undefined ? {} : { label: next }),
    stop: () => bar.stop(),
  };
}
