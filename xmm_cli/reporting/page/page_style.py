"""How a page looks: by day, by night and on paper."""

STYLE = """
:root { --ink: #1b1b1b; --paper: #ffffff; --dim: #575757; --line: #d5d5d5; --card: #f6f6f6;
  --right: #00664a; --wrong: #a83f00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececec; --paper: #161616; --dim: #b0b0b0; --line: #444444; --card: #222222;
    --right: #5fd3ae; --wrong: #ffab76; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.7rem; margin: 0 0 1rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; border-top: 1px solid var(--line);
  padding-top: 1rem; overflow-wrap: anywhere; }
p { margin: .4rem 0; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--dim); font-weight: 600; }
tbody th { font-weight: 400; }
.opening { font-size: 1.25rem; font-weight: 600; }
small, .legend, figcaption, .absent { color: var(--dim); font-size: .875rem; }
figure { margin: 1.5rem 0; }
.plot { width: 100%; height: auto; background: #ffffff; border-radius: 6px; }
.samples { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); }
article { background: var(--card); border-left: 4px solid var(--right); border-radius: 6px;
  padding: .8rem; overflow-wrap: anywhere; font-size: .9rem; }
article.wrong { border-left-color: var(--wrong); }
.person { width: 8rem; height: auto; border-radius: 4px; display: block; }
blockquote { margin: 0; padding: 0; font-style: italic; }
.judged { font-weight: 600; color: var(--right); }
.wrong .judged { color: var(--wrong); }
code { font: .85rem/1.4 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.runs td { white-space: nowrap; }
@media print {
  :root { --ink: #000000; --paper: #ffffff; --dim: #444444; --line: #bbbbbb; --card: #ffffff;
    --right: #00664a; --wrong: #a83f00; }
  main { max-width: none; padding: 0; }
  article { border: 1px solid var(--line); }
  article, figure, tr { break-inside: avoid; }
}
"""
