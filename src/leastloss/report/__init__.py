"""Pages from finished tables and figures."""

from leastloss.evaluation import operating_points
from leastloss.report.comparison import Comparison
from leastloss.report.formats import number as number
from leastloss.report.formats import percent as percent
from leastloss.report.index_entry import index_entry as index_entry
from leastloss.report.markdown import place as place
from leastloss.report.numbers import ARM as ARM
from leastloss.report.numbers import GROUP as GROUP
from leastloss.report.numbers import LENGTHS as LENGTHS
from leastloss.report.numbers import at_points as at_points
from leastloss.report.numbers import differences as differences
from leastloss.report.numbers import free_of_loss as free_of_loss
from leastloss.report.numbers import means as means
from leastloss.report.numbers import spreads as spreads
from leastloss.report.observations import ranks_sentences as ranks_sentences
from leastloss.report.page import compare_page, inline_svg
from leastloss.report.sections import Block as Block
from leastloss.report.sections import Cell, Drawn, Grid
from leastloss.report.sections import Image as Image
from leastloss.report.study_page import study_page as study_page

__all__ = ["Cell", "Comparison", "Drawn", "Grid", "compare_page", "inline_svg", "operating_points"]
