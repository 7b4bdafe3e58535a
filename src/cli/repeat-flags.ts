/** `--set N=1 M=2` means `--set N=1 --set M=2`: pairs that follow a flag's first pair belong to it. */

/** Flags of pairs that may be given several times. */
const FLAGS: ReadonlySet<string> = new Set([
  '--set',
  '--const',
  '--param',
  '-p',
  '--in',
  '--out',
  '--storage',
]);
const PAIR = /^[A-Za-z_]\w*=/;

export function repeatFlags(argv: readonly string[]): string[] {
  const out: string[] = [];
  let flag: string | undefined;
  for (const [n, word] of argv.entries()) {
    const before = argv[n - 1];
    if (before !== undefined && FLAGS.has(before)) flag = PAIR.test(word) ? before : undefined;
    else if (flag !== undefined && PAIR.test(word)) out.push(flag);
    else flag = undefined;
    out.push(word);
  }
  return out;
}
