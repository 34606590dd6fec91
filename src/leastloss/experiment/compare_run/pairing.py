"""Whether runs may be compared seed by seed: equal data, equal training, one dense network each."""

import json
from collections.abc import Mapping, Sequence
from math import isclose

from leastloss import tracking
from leastloss.data import told_apart
from leastloss.errors import InputError, ResourceError
from leastloss.evaluation import by_name
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.dense import RUN_TAG
from leastloss.options import fields_of, settings
from leastloss.tracking import Run

_SAME = 1e-6  # relative; training again on the same machine gives equal bits


def network_of_run(run: Run, replicates: bool) -> str:
    """The name of a run's dense network: its seed, and its subset where these vary."""
    params = run.data.params
    return str(params["dense_seed"]) + (f"/{params['replicate']}" if replicates else "")


def check_paired(runs: Sequence[Run], networks: Sequence[str]) -> None:
    """Refuse runs whose means or paired differences would be meaningless."""
    equal = fields_of(PruneConfig, "data", "model", "training", unmarked="repeats")
    dense_settings = [settings(PruneConfig, run.data.params, equal) for run in runs]
    for key in equal:
        values = {values_of_run[key] for values_of_run in dense_settings}
        if len(values) > 1:
            shown = ", ".join(repr(value) for value in sorted(values))
            raise InputError(f"the runs differ in {key} ({shown}); compare those that agree")
    first: dict[str, Run] = {}
    dense: dict[str, Mapping[str, float]] = {}
    for run, network in zip(runs, networks, strict=True):
        other = first.setdefault(network, run)
        _same_data(other, run, network)
        ours, theirs = (r.data.tags.get(RUN_TAG, "") for r in (run, other))
        if ours != theirs:  # trained twice: the same seed should give the same network
            for run_id in (ours, theirs):
                if run_id not in dense:
                    dense[run_id] = _measured(run_id, network)
            _same_network(dense, theirs, ours, network)


def digests(run: Run) -> dict[str, str]:
    """Split -> digest of the data that a run recorded; empty where it recorded none."""
    recorded = run.inputs.dataset_inputs if run.inputs else []
    return {split.dataset.name: split.dataset.digest for split in recorded}


def class_names(run: Run) -> tuple[str, ...]:
    """What the classes of a run's data are called; empty where it recorded no names."""
    for split in run.inputs.dataset_inputs if run.inputs else []:
        try:
            called = json.loads(split.dataset.profile or "{}").get("class_names", [])
        except (ValueError, AttributeError):  # somebody else's data set
            continue
        if isinstance(called, list) and called:
            return told_apart(called)
    return ()


def _same_data(first: Run, other: Run, network: str) -> None:
    ours, theirs = digests(first), digests(other)
    for name in sorted(ours.keys() & theirs.keys()):
        if ours[name] != theirs[name]:
            raise InputError(
                f"runs {first.info.run_id!r} and {other.info.run_id!r} of seed {network} hold "
                f"different data as {name} (digests {ours[name]} and {theirs[name]}); "
                "they cannot be paired"
            )


def _measured(run_id: str, network: str) -> dict[str, float]:
    """The metrics of the run that trained a dense network."""
    try:
        metrics = by_name(tracking.find_run(run_id).data.metrics)
    except ResourceError as error:
        raise InputError(
            f"runs of seed {network} were pruned from several dense networks, of which that of run "
            f"{run_id!r} is gone; compare the runs of one"
        ) from error
    return {name: metrics[name] for name in ("loss", "val_loss", "accuracy") if name in metrics}


def _same_network(
    dense: Mapping[str, Mapping[str, float]], first: str, other: str, network: str
) -> None:
    ours, theirs = dense[first], dense[other]
    for name in sorted(ours.keys() & theirs.keys()):
        if not isclose(ours[name], theirs[name], rel_tol=_SAME):
            raise InputError(
                f"runs of seed {network} were pruned from different dense networks: {name} "
                f"{ours[name]:.6g} in run {first!r}, {theirs[name]:.6g} in run {other!r}; they "
                "cannot be paired, compare the runs of one"
            )
