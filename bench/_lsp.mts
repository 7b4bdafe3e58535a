import { readFileSync, readdirSync } from 'node:fs';
import { checkText, checkRows } from '../src/compile.ts';
const t = readFileSync('examples/gated_window.attn','utf8');
const big = readdirSync('examples').filter(f=>f.endsWith('.attn')).map(f=>({f,t:readFileSync('examples/'+f,'utf8')}));
let slow:any[]=[];
for (const {f,t} of big){ const a=performance.now(); const c=checkText(t,{source:f}); const b=performance.now(); checkRows(c); const d=performance.now(); slow.push([f,t.split('\n').length,(b-a).toFixed(1),(d-b).toFixed(1)]); }
console.log('check',slow.sort((x,y)=>y[2]-x[2]).slice(0,8)); console.log('rows',slow.sort((x,y)=>y[3]-x[3]).slice(0,12), slow.map(x=>+x[3]).sort((a,b)=>a-b)[slow.length>>1]);
// 500 lines
let text='',n=0; for(const {t} of big){ if(text.split('\n').length>500)break; if(!/import/.test(t)) text+=t.replace(/kernel (\w+)/g,`kernel $1_${n++}`).replace(/^fn (\w+)/gm,'fn $1')+'\n'; }
text=text.split('\n').slice(0,500).join('\n');
for(let i=0;i<6;i++){const a=performance.now(); const c=checkText(text+' '.repeat(i)); console.log(text.split('\n').length, (performance.now()-a).toFixed(1), c.diagnostics.length);}
