"""How methods rank over several data sets, in words."""

from collections.abc import Sequence

from leastloss.evaluation import LEVEL, Ranking, metric_of
from leastloss.report.formats import percent
from leastloss.report.sections import Sentences

RANKS = "Ranks over data sets"


def ranks_sentences(
    ranking: Ranking, metric: str, at: float, notes: Sequence[str] = ()
) -> Sentences:
    """Say what was ranked, whether methods differ at all, and which differ from the best.

    Args:
        ranking: The ranking.
        metric: What was ranked.
        at: Sparsity at which it was measured.
        notes: Sentences that follow: what was left out.
    """
    names, (best, first) = ranking.data_sets, next(iter(ranking.ranks.items()))
    significant = ranking.p[best] < LEVEL
    worse = [f"`{name}`" for name in ranking.ranks if significant[name]]
    differ = ranking.friedman < LEVEL
    texts = [
        f"Each method's {metric_of(metric).words} at {percent(at)} removed, the mean over seeds, "
        f"is ranked among {len(ranking.ranks)} methods on {len(names)} data sets "
        f"({', '.join(names)}); equal values share a rank.",
        f"Friedman's test {'finds that' if differ else 'does not show that'} their ranks differ "
        f"(p = {ranking.friedman:.2g}); by Nemenyi's test two differ at {percent(LEVEL)} where "
        f"their mean ranks are {ranking.difference:.2f} or more apart. Both count data sets, not "
        "seeds: few of them show large differences only.",
        f"Best is `{best}` with a mean rank of {first:.2f}; "
        + (f"significantly worse: {', '.join(worse)}." if worse else "no other is told from it."),
    ]
    return Sentences([*texts, *notes])
