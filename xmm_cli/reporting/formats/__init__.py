"""The formats of a report: one file and one line here for each."""

from xmm_cli.registry import Registry

FORMATS = Registry(
    "format",
    {
        "table": ("xmm_cli.reporting.formats.table:FORMAT", "tables for a terminal"),
        "markdown": ("xmm_cli.reporting.formats.markdown:FORMAT", "the same tables in Markdown"),
        "latex": ("xmm_cli.reporting.formats.latex:FORMAT", "the same tables for a paper"),
        "html": ("xmm_cli.reporting.formats.html:FORMAT", "the same tables for a web page"),
        "csv": ("xmm_cli.reporting.formats.csv:FORMAT", "one line a score, a column a label"),
        "json": ("xmm_cli.reporting.formats.json:FORMAT", "one list of all score rows"),
        "jsonl": ("xmm_cli.reporting.formats.jsonl:FORMAT", "one score row a line"),
    },
    "xmm.formats",
)
