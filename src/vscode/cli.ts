/** The command line as the extension starts it: a program, where the bundle of the package is a module. */
import { main } from '../cli/main.ts';

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
