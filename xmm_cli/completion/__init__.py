"""Completions and man pages, written once from the commands' own parsers; `xmm` never loads it.

`python -m xmm_cli.completion` writes `completions/` anew; a test fails where it has drifted.
"""
