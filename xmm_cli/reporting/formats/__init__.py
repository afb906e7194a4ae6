"""The formats of a report: one file and one line here for each."""

from xmm_cli.registry import Registry

FORMATS = Registry(
    "format",
    {
        "table": ("xmm_cli.reporting.formats.table:render", "tables for a terminal"),
        "markdown": ("xmm_cli.reporting.formats.markdown:render", "the same tables in Markdown"),
        "latex": ("xmm_cli.reporting.formats.latex:render", "the same tables for a paper"),
        "html": ("xmm_cli.reporting.formats.html:render", "the same tables for a web page"),
        "csv": ("xmm_cli.reporting.formats.csv:render", "one line a score, a column a label"),
        "json": ("xmm_cli.reporting.formats.json:render", "one list of all score rows"),
        "jsonl": ("xmm_cli.reporting.formats.jsonl:render", "one score row a line"),
    },
)
