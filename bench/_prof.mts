import { readFileSync, readdirSync } from 'node:fs';
import { parseSource } from '../src/syntax/parse.ts';
import { checkFile } from '../src/model/check.ts';
import { lexer } from '../grammar/tokens.ts';
import { parser } from '../grammar/parser.ts';
const big = readdirSync('examples').filter(f=>f.endsWith('.attn')).map(f=>({f,t:readFileSync('examples/'+f,'utf8')}));
let text='',n=0; for(const {t} of big){ if(text.split('\n').length>500)break; if(!/import/.test(t)) text+=t.replace(/kernel (\w+)/g,`kernel $1_${n++}`)+'\n'; }
text=text.split('\n').slice(0,500).join('\n');
const med=(a:number[])=>{a.sort((x,y)=>x-y);return a[0]!.toFixed(1)+"/"+a[a.length>>1]!.toFixed(1)};
const L:number[]=[],C:number[]=[],P:number[]=[],K:number[]=[];
for(let i=0;i<150;i++){const a=performance.now(); const {tokens}=lexer.tokenize(text); const b=performance.now(); parser.input=tokens; parser.file(); const c=performance.now(); const r=parseSource(text); const d=performance.now(); checkFile(r.file); const e=performance.now(); if(i>60){L.push(b-a);C.push(c-b);P.push(d-c);K.push(e-d);} }
console.log('lex',med(L),'cst',med(C),'parse all',med(P),'check',med(K));
