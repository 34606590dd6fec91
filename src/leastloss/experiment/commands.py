"""Commands that reproduce runs."""

from collections.abc import Mapping, Sequence
from shlex import quote

from leastloss.controls import CONTROLS_OF
from leastloss.experiment.config import PruneConfig, RobustnessConfig, TrainConfig
from leastloss.options import defaults, fields_of, implied, older
from leastloss.tracking import Run

CONTINUES = "leastloss.continues"
"""Tag of a criterion run: the one whose path it goes on with."""


def command_of(runs: Sequence[Run]) -> str:
    """The command that reproduces the runs of one method, for all their seeds.

    Defaults are left out. The dense networks are trained anew from their seeds.
    """
    if any(CONTINUES in run.data.tags for run in runs):
        return "\n".join(row_command(run.data.params, run.data.tags) for run in runs)
    params = runs[0].data.params
    options = _options(params, runs[0].data.tags)
    if any(run.data.params["seed"] != run.data.params["dense_seed"] for run in runs):
        return "\n".join(_of_a_network(run, options) for run in runs)
    seeds = sorted({run.data.params["seed"] for run in runs}, key=lambda text: (len(text), text))
    replicate = params.get("replicate", "0")
    if len({run.data.params.get("replicate") for run in runs}) > 1:
        replicate = "$seed"  # each seed has its own subset
    call = _call("prune", options) + (f" -P replicate={replicate}" if replicate != "0" else "")
    if len(seeds) == 1:
        return f"{call} -P seed={seeds[0]}"
    return f"for seed in {' '.join(seeds)}; do {call} -P seed=$seed; done"


def row_command(params: Mapping[str, str], tags: Mapping[str, str]) -> str:
    """The command that reproduces one criterion run, from its parameters and tags.

    Example:
        >>> row_command({"criterion": "random@nc", "seed": "3", "validation": "training"}, {})
        'mlflow run . -e prune -P criteria=nc,random@nc -P controls=no -P seed=3'
    """
    if source := tags.get(CONTINUES):
        steps = ("sparsities",) if params.get("sparsities") else ("to_sparsity", "steps")
        named = (*steps, "spacing", "substeps", "noise")
        usual = defaults(PruneConfig)
        changed = {k: params[k] for k in named if k in params and params[k] != usual[k]}
        return _call("prune", {"run_id": source} | changed)
    return _call("prune", _options(params, tags) | {"seed": params["seed"]})


def _options(params: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a criterion run that differ from their defaults, without the seed."""
    usual, following = _usual(params), implied(PruneConfig, params)
    names = fields_of(PruneConfig, but=("runs", "criteria", "keep", "place"), unmarked="repeats")
    values = {**usual, **older(PruneConfig), **params}
    options = {
        name: values[name]
        for name in names
        if values[name] != usual[name] and name not in following
    }
    followed = params["criterion"].split("@")
    # a@b@c takes its layer ratios from b@c, and b@c takes them from c: all three must run.
    chain = ["@".join(followed[i:]) for i in range(len(followed))][::-1]
    controlled = tags.get(CONTROLS_OF)
    options["criteria"] = ",".join([controlled] if controlled else chain)
    if not controlled and params.get("controls", "no") == "no":
        options["controls"] = "no"
    return options


def command(entry: str, params: Mapping[str, str]) -> str:
    """The command that calls an entry point with these parameters; defaults are left out.

    Example:
        >>> command("train", {"dataset": "mnist", "epochs": "300", "data_dir": "/somewhere"})
        'mlflow run . -e train -P dataset=mnist'
    """
    usual, names = _usual(params), fields_of(PruneConfig, but=("keep", "place"))
    return _call(entry, {k: v for k, v in params.items() if k in names and v != usual[k]})


def robustness_command(run_ids: Sequence[str], params: Mapping[str, str]) -> str:
    """The command that exposes the networks of these runs to noise; defaults are left out.

    Example:
        >>> robustness_command(["a"], {"sparsity": "", "severities": "5"})
        'mlflow run . -e robustness -P run_id=a -P severities=5'
        >>> robustness_command(["a", "b"], {})
        'for run in a b; do mlflow run . -e robustness -P run_id=$run; done'
        >>> robustness_command([], {})
        ''
    """
    usual = defaults(RobustnessConfig)
    changed = {
        key: value
        for key, value in params.items()
        if value != usual[key].replace(" ", "") and (value or key == "sparsity")
    }
    if not run_ids:
        return ""
    place = f" -P run_id={run_ids[0] if len(run_ids) == 1 else '$run'}"
    call = _call("robustness" + place, changed)
    return call if len(run_ids) == 1 else f"for run in {' '.join(run_ids)}; do {call}; done"


def _usual(params: Mapping[str, str]) -> dict[str, str]:
    """What goes unsaid in a command: the defaults, some of which follow from data set and model."""
    usual = defaults(PruneConfig)
    leading = {name: usual[name] for name in ("dataset", "model")}
    return defaults(PruneConfig, **{k: params.get(k, v) for k, v in leading.items()}) | leading


def _call(entry: str, options: Mapping[str, str]) -> str:
    words = [f"-P {key}={quote(value)}" for key, value in options.items()]
    return " ".join([f"mlflow run . -e {entry}", *words])


def _of_a_network(run: Run, options: Mapping[str, str]) -> str:
    """The command of a run whose pruning has another seed than its network."""
    params, brought = run.data.params, fields_of(TrainConfig)
    pruning = {key: value for key, value in options.items() if key not in brought}
    pruning |= {"run_id": params["run_id"], "seed": params["seed"]}
    if params.get("unfinished", "no") != "no":
        pruning |= {"unfinished": params["unfinished"]}
    return _call("prune", pruning)
