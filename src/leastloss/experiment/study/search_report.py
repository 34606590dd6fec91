"""What a search chose, in words: for the page, the Markdown report and the sweep's run."""

import json
from dataclasses import replace

from leastloss import tracking
from leastloss.evaluation import key_of, metric_of
from leastloss.experiment.study.study import Choice, Study
from leastloss.report import Cell, Comparison, Grid, number, percent

PREFIX = "leastloss.search."


def how(study: Study) -> str:
    """How options were chosen; empty where none were.

    Every arm had as many trials as any other.
    """
    search = study.search
    if search is None or not study.chosen:
        return ""
    names = ", ".join(f"`{key}`" for key, _ in search.space)
    seeds = ", ".join(map(str, study.searched_seeds))
    what = metric_of(search.metric).words
    return (
        f"{names}: chosen for each arm by {search.trials} trials, by {what} at "
        f"{percent(search.sparsity)} removed, seed {seeds}; test samples had no part in it"
    )


def in_words(choice: Choice) -> str:
    """What an arm got: its options, what it does not have, and the trials that failed."""
    chosen = ", ".join(f"{key} {_text(value)}" for key, value in choice.values)
    if not choice.trials:  # it follows another one
        return f"as the arm that it follows: {chosen or 'nothing to choose'}"
    parts = [chosen or "nothing to choose"]
    parts += [f"it has no {', '.join(choice.lacking)}"] if choice.lacking else []
    parts += [f"{choice.failed} of {choice.trials} trials failed"] if choice.failed else []
    return "; ".join(parts)


def search_facts(study: Study) -> dict[str, str]:
    """The facts of the Markdown report."""
    if not (text := how(study)):
        return {}
    arms = " / ".join(f"`{choice.method}`: {in_words(choice)}" for choice in study.chosen)
    return {"options chosen by validation": f"{text}. {arms}"}


def with_search(page: Comparison, study: Study) -> Comparison:
    """A page that says what was chosen, too."""
    if study.search is None or not (text := how(study)):
        return page
    metric = study.search.metric
    rows = {
        choice.method: [
            Cell(value=in_words(choice), left=True),
            Cell(value=str(choice.trials) if choice.trials else "–"),
            Cell(value=number(choice.value, metric) if choice.trials else "–"),
        ]
        for choice in study.chosen
    }
    head = ["chosen", "trials", metric_of(metric).heading]
    grid = Grid(caption="Options chosen by validation", first="arm", head=head, rows=rows)
    return replace(
        page,
        facts={**page.facts, "options": f"{text}."},
        tables=[grid, *page.tables],
        notes=[*page.notes, f"{text}: see the table at the end."],
    )


def log_search(run_id: str, study: Study) -> None:
    """Write what was chosen to the sweep's run: tags, and a file that holds all of it."""
    if study.search is None or not study.chosen:
        return
    tags = {"trials": str(study.search.trials), "metric": key_of(study.search.metric)}
    tags["sparsity"] = f"{study.search.sparsity:g}"
    tracking.log_tags(run_id, {f"{PREFIX}{key}": value for key, value in tags.items()})
    chosen = [
        {"arm": choice.method, "becomes": arm.criterion, "options": dict(choice.values)}
        | {"lacking": choice.lacking, "trials": choice.trials, "failed": choice.failed}
        | {study.search.metric: choice.value if choice.trials else None}
        for choice, arm in zip(study.chosen, study.arms, strict=True)
    ]
    tracking.log_text(run_id, json.dumps(chosen, indent=1), "search.json")


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
