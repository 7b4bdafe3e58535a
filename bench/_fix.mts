import { analyse } from '../src/server/analysis.ts';
import { problemsOf } from '../src/server/diagnostics.ts';
const a=analyse('/x','kernel k {\n axes i: N\n in x: f32[i]\n out y: f32 = summ[i](x)\n}',()=>undefined);
console.log(JSON.stringify(problemsOf(a)));
