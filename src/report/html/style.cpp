#include "report/html/style.h"

namespace kerf::report::html {

const char* const kStyle = R"css(
:root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --dim: #57606a; --line: #d0d7de; --soft: #f3f5f7;
  --link: #0a58ca; --good: #1a7f37; --bad: #b42318;
  --s0: #1f5fbf; --s1: #b3470b; --s2: #1a7f37; --s3: #8a2be2; --s4: #a61e4d; --s5: #0b7285; --s6: #7a5c00; --s7: #495057; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14181d; --text: #e6e9ed; --dim: #9aa4af; --line: #39424c; --soft: #1e242b; --link: #7db2ff;
    --good: #5ccf7c; --bad: #ff8a80;
    --s0: #7db2ff; --s1: #ff9f5a; --s2: #5ccf7c; --s3: #c79bff; --s4: #ff8fb0; --s5: #4fd1e0; --s6: #e0c04f; --s7: #b6bec7; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
.lead { font-size: 1.15rem; margin: .5rem 0 1rem; }
.dim, figcaption + svg .tick { color: var(--dim); }
.sentences { padding-left: 1.2rem; margin: .5rem 0; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
.scroll:focus-visible { outline: 2px solid var(--link); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; overflow-wrap: normal; }
th, td { padding: .35rem .6rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { background: var(--soft); white-space: nowrap; font-weight: 600; }
tbody tr:last-child td { border-bottom: 0; }
.right { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.name { white-space: nowrap; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
figure { margin: 0; border: 1px solid var(--line); border-radius: 6px; padding: .75rem; min-width: 0; }
figcaption { font-weight: 600; margin-bottom: .25rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--text); font: 11px system-ui, sans-serif; }
svg .tick { fill: var(--dim); font-size: 10px; }
svg .number { fill: var(--back); font-size: 10px; font-weight: 700; }
svg .grid { stroke: var(--line); stroke-width: .6; }
svg .front { fill: none; stroke: var(--dim); stroke-dasharray: 4 3; }
svg .curve { fill: none; stroke-width: 1.6; }
svg .bar { stroke-width: 2; }
.s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); } .s2 { stroke: var(--s2); } .s3 { stroke: var(--s3); }
.s4 { stroke: var(--s4); } .s5 { stroke: var(--s5); } .s6 { stroke: var(--s6); } .s7 { stroke: var(--s7); }
.mark { stroke: none; }
.mark.s0 { fill: var(--s0); } .mark.s1 { fill: var(--s1); } .mark.s2 { fill: var(--s2); } .mark.s3 { fill: var(--s3); }
.mark.s4 { fill: var(--s4); } .mark.s5 { fill: var(--s5); } .mark.s6 { fill: var(--s6); } .mark.s7 { fill: var(--s7); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; margin: .5rem 0 0; font-size: .85rem; }
.key { display: inline-block; min-width: 1.3em; text-align: center; border-radius: .65em; color: var(--back);
  font-size: .8em; font-weight: 700; margin-right: .35em; }
.k0 { background: var(--s0); } .k1 { background: var(--s1); } .k2 { background: var(--s2); } .k3 { background: var(--s3); }
.k4 { background: var(--s4); } .k5 { background: var(--s5); } .k6 { background: var(--s6); } .k7 { background: var(--s7); }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: 0 .75rem; }
summary { cursor: pointer; padding: .5rem 0; font-weight: 600; }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .25rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; color: var(--dim); }
.context { white-space: pre-wrap; min-width: 16rem; }
mark { background: var(--s1); color: var(--back); border-radius: 3px; padding: 0 .15em; }
code { background: var(--soft); border-radius: 3px; padding: 0 .2em; white-space: pre-wrap; }
input[type=search] { width: 100%; max-width: 24rem; padding: .45rem .6rem; margin: .25rem 0 .5rem; font: inherit; color: inherit;
  background: var(--back); border: 1px solid var(--line); border-radius: 6px; }
.tall { max-height: 30rem; overflow: auto; }
@media (max-width: 40rem) { main { padding: .75rem; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
@media print {
  :root { --back: #fff; --text: #000; --dim: #444; --line: #bbb; --soft: #f2f2f2; }
  body { font-size: 10pt; } main { max-width: none; padding: 0; }
  .scroll, .tall { overflow: visible; max-height: none; border: 0; } table { font-size: 7.5pt; }
  th, td { padding: 2px 4px; white-space: normal !important; } figure, tr { break-inside: avoid; } h2 { break-after: avoid; }
  input[type=search] { display: none; } .mark, .key { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";

const char* const kScript = R"js(
"use strict";
for (const field of document.querySelectorAll("input[data-rows]")) {
  const rows = [...document.getElementById(field.dataset.rows).tBodies[0].rows];
  field.hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  });
}
addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details")) part.open = true; });
)js";

}  // namespace kerf::report::html
