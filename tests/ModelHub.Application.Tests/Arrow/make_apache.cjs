// Makes the golden files with Apache's own library: npm install apache-arrow (21), then node make_apache.cjs.
const a=require('apache-arrow'); const fs=require('fs');
const kinds=new a.Dictionary(new a.Utf8(), new a.Int8());
const t=new a.Table({x:a.vectorFromArray([1.5,null,-3],new a.Float64()),n:a.vectorFromArray([1n,2n,-3n],new a.Int64()),b:a.vectorFromArray([true,null,false],new a.Bool()),k:a.vectorFromArray(['a','b','a'],kinds),s:a.vectorFromArray(['ü',null,''],new a.Utf8()),t:a.vectorFromArray([1e12,null,0],new a.TimestampMillisecond()),l:a.vectorFromArray([[1,2],[3,4],[5,6]],new a.FixedSizeList(2,new a.Field('item',new a.Float32())))});
for(const k of ['stream','file']) fs.writeFileSync(k==='file'?'apache.arrow':'apache.arrows',a.tableToIPC(t,k));
