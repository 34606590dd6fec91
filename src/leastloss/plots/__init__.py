"""Figures from finished tables: nothing is computed here but means and their intervals."""

from leastloss.plots.classes import class_heat_map
from leastloss.plots.collapse import collapse_columns, collapse_curves, collapse_figure
from leastloss.plots.curves import COMPARED as COMPARED
from leastloss.plots.curves import compare_figure, curve_panel, curves
from leastloss.plots.files import compact_png, render, render_compact
from leastloss.plots.image_sheets import contact_sheet, corruption_samples
from leastloss.plots.lengths import lengths_figure
from leastloss.plots.matrices import confusion_figure, robustness_matrix
from leastloss.plots.noise import robustness_figure
from leastloss.plots.ranks import ranks_figure as ranks_figure
from leastloss.plots.runs import child_curves, training_curves
from leastloss.plots.style import INK as INK
from leastloss.plots.style import METHODS, looks
from leastloss.plots.style import QUIET as QUIET
from leastloss.plots.style import RULE as RULE

__all__ = [
    "METHODS",
    "child_curves",
    "class_heat_map",
    "collapse_columns",
    "collapse_curves",
    "collapse_figure",
    "compact_png",
    "compare_figure",
    "confusion_figure",
    "contact_sheet",
    "corruption_samples",
    "curve_panel",
    "curves",
    "lengths_figure",
    "looks",
    "render",
    "render_compact",
    "robustness_figure",
    "robustness_matrix",
    "training_curves",
]
