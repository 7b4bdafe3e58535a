import { readFileSync, readdirSync } from 'node:fs';
import { analyse, useAt } from '../src/server/analysis.ts';
import { KEYWORDS, STORAGE_TYPES, SCALAR_TYPES } from '../grammar/tokens.ts';
const words=new Set([...KEYWORDS.map(k=>k.word),...STORAGE_TYPES.map(k=>k.word),...SCALAR_TYPES.map(k=>k.word)]);
let n=0;
for(const f of readdirSync('examples').filter(f=>f.endsWith('.attn'))){
 const t=readFileSync('examples/'+f,'utf8'); const a=analyse('/'+f,t,()=>undefined);
 for(const k of a.tokens) if(/^[A-Za-z_]/.test(k.image)&&!words.has(k.image)&&!a.references.some(r=>r.span.start===k.startOffset)&&n++<40) console.log(f,k.image,k.startLine, t.split('\n')[k.startLine!-1]);
}
console.log(n);
