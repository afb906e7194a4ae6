"""Where the JSON Schema of rows lies: `python -m xmm_cli.completion` writes it from the structs."""

from pathlib import Path

FILE = Path(__file__).with_name("schema.json")
"""Draft 2020-12: any row, and each kind in `$defs`."""
