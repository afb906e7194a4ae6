"""A report as one self-contained HTML file."""

from xmm_cli.reporting.page.page import DrawnFigure, page
from xmm_cli.reporting.page.samples import AnswerSample, SampleChoice

__all__ = ["AnswerSample", "DrawnFigure", "SampleChoice", "page"]
