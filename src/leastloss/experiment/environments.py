"""Whether runs were made alike: on equal hardware, by one commit, with equal versions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from leastloss import tracking
from leastloss.tracking import Run

_COMMIT = "git.commit"
_PLAIN = ("device", "threads", "platform")


def commit_of(run: Run) -> str:
    """The commit that made a run, and whether there were changes on top of it."""
    changes = " with changes" if run.data.tags.get("git.dirty") == "true" else ""
    return run.data.tags.get("git.commit", "unknown")[:10] + changes


def environment_keys(runs: Iterable[Run]) -> list[str]:
    """The tags that say where and by what runs were made: versions first."""
    tags = {key for run in runs for key in run.data.tags}
    versions = sorted(key for key in tags if key.startswith("version."))
    ours = sorted(k for k in tags if k == tracking.DETERMINISTIC or k.startswith(tracking.HARDWARE))
    return [*versions, *_PLAIN, *ours]


def short(key: str) -> str:
    """What such a tag is called in words.

    Example:
        >>> short("version.torch"), short("leastloss.hardware.cpu"), short("threads")
        ('torch', 'cpu', 'threads')
    """
    ours = key == _COMMIT or key.startswith("leastloss.")
    return key.rpartition(".")[2] if ours else key.removeprefix("version.")


def made_unlike(runs: Mapping[str, Sequence[Run]]) -> list[str]:
    """A sentence on what differs among the runs of several methods; none where nothing does.

    A run that does not hold a tag, since it is older, is not counted for it.

    Args:
        runs: Method -> its runs.
    """
    differing = []
    every = [run for several in runs.values() for run in several]
    for key in (_COMMIT, *environment_keys(every)):
        holders: dict[str, list[str]] = defaultdict(list)
        for method, several in runs.items():
            for run in several:
                if key in run.data.tags:
                    value = commit_of(run) if key == _COMMIT else run.data.tags[key]
                    holders[value].append(method)
        if len(holders) > 1:
            ordered = sorted(holders.items(), key=lambda item: (-len(item[1]), item[0]))
            values = [_told(value, methods, len(runs)) for value, methods in ordered]
            differing.append(f"{short(key)} is {', '.join(values[:-1])} and {values[-1]}")
    if not differing:
        return []
    return [
        "The compared runs were not made alike, so times are not comparable and last digits may "
        f"differ: {'; '.join(differing)}."
    ]


def _told(value: str, methods: Sequence[str], of: int) -> str:
    names = list(dict.fromkeys(methods))
    listed = f", of {', '.join(f'`{name}`' for name in names)}" if len(names) < min(of, 4) else ""
    return f"{value} ({len(methods)} {'run' if len(methods) == 1 else 'runs'}{listed})"
