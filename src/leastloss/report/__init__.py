"""Pages from finished tables and figures."""

from leastloss.evaluation.summary import operating_points
from leastloss.report.comparison import Comparison
from leastloss.report.page import compare_page
from leastloss.report.parts import Cell, Drawn, Grid
from leastloss.report.svg import inline_svg

__all__ = [
    "Cell",
    "Comparison",
    "Drawn",
    "Grid",
    "compare_page",
    "inline_svg",
    "operating_points",
]
