import { readFileSync, readdirSync } from 'node:fs';
import { analyse } from '../src/server/analysis.ts';
import { hoverAt } from '../src/server/hover.ts';
import { DEFAULT_SETTINGS } from '../src/server/lowering.ts';
let all=0; const slow:any[]=[];
for(const f of readdirSync("examples").filter((f,n)=>f.endsWith(".attn")&&(n%6===0||f==="gla.attn"||f==="gated_window.attn"||f==="a2sf.attn"))){ if(performance.now()>60000)break;
 const t=readFileSync('examples/'+f,'utf8'); const a=analyse('/'+f,t,()=>undefined);
 const s=performance.now(); const h=hoverAt(a,a.model.kernels[0]!.span.start,DEFAULT_SETTINGS); const d=performance.now()-s; all+=d; slow.push([f,d|0]);
 if(/Not compiled/.test(h!.markdown)||f==='gla.attn'||f==='gated_window.attn') console.log(f,h!.markdown);
 if(f==='gated_window.attn') for(const w of ['mask ','score ','q:','p =','o =','lse','B,','window:','i:','softmax','sum[','hit']) console.log('--',w,hoverAt(a,t.indexOf(w, t.indexOf('kernel'))+(w==='score '?7:w==='mask '?2:0),DEFAULT_SETTINGS)?.markdown);
 if(f==='gla.attn') for(const w of ['S:','y =','log_a:']) console.log('--',w,hoverAt(a,t.indexOf(w, t.indexOf('kernel')),DEFAULT_SETTINGS)?.markdown);
}
console.log(all|0, slow.sort((x,y)=>y[1]-x[1]).slice(0,12), slow.length);
