"""A report as one self-contained HTML file."""

from xmm_cli.reporting.page.page import Figure, page
from xmm_cli.reporting.page.samples import Sample, Samples

__all__ = ["Figure", "Sample", "Samples", "page"]
