"""The exact command that makes the runs of a method again."""

from collections.abc import Mapping, Sequence
from shlex import quote

from leastloss.experiment.config import PruneConfig, RobustnessConfig, TrainConfig, parameters
from leastloss.experiment.prune_run.planned_controls import CONTROLS_OF
from leastloss.tracking import Run

_ASIDE = (
    *("run_id", "unfinished", "criteria", "seed", "data_dir", "artifacts", "replicate"),
    "controls",
)
_DEFAULT = parameters(PruneConfig())
_TRAINING = parameters(TrainConfig())


def command_of(runs: Sequence[Run]) -> str:
    """Spell the command that makes the runs of one method again, for all their seeds.

    What has its default value is left out. The dense networks are trained anew from their seeds.

    Args:
        runs: Finished criterion runs that differ in their seed alone.
    """
    params = runs[0].data.params
    said = _said(params, runs[0].data.tags)
    if any(run.data.params["seed"] != run.data.params["dense_seed"] for run in runs):
        return "\n".join(_of_a_network(run, said) for run in runs)
    numbers = sorted({run.data.params["seed"] for run in runs}, key=lambda text: (len(text), text))
    replicate = params.get("replicate", "0")
    if len({run.data.params.get("replicate") for run in runs}) > 1:
        replicate = "$seed"  # a subset of its own for each
    words = [f"-P {key}={quote(value)}" for key, value in said.items()]
    words += [f"-P replicate={replicate}"] if replicate != "0" else []
    call = " ".join(["mlflow run . -e prune", *words])
    if len(numbers) == 1:
        return f"{call} -P seed={numbers[0]}"
    return f"for seed in {' '.join(numbers)}; do {call} -P seed=$seed; done"


def row_command(params: Mapping[str, str], tags: Mapping[str, str]) -> str:
    """The command that makes one criterion run again, from its parameters and tags.

    Example:
        >>> row_command({"criterion": "random@nc", "seed": "3", "controls": "yes"}, {})
        'mlflow run . -e prune -P criteria=nc,random@nc -P seed=3'
    """
    words = [f"-P {key}={quote(value)}" for key, value in _said(params, tags).items()]
    return " ".join(["mlflow run . -e prune", *words, f"-P seed={params['seed']}"])


def _said(params: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a criterion run that are not the default, without its seed."""
    said = {
        key: params[key]
        for key in _DEFAULT
        if key in params and key not in _ASIDE and params[key] != _DEFAULT[key]
    }
    if said.get("sparsities"):  # these follow from them
        said = {key: v for key, v in said.items() if key not in ("steps", "to_sparsity")}
    followed = params["criterion"].split("@")
    # a@b@c takes its layer ratios from b@c, and that from c: all three are pruned by.
    chain = ["@".join(followed[i:]) for i in range(len(followed))][::-1]
    controlled = tags.get(CONTROLS_OF)
    said |= {"criteria": ",".join([controlled] if controlled else chain)}
    if not controlled and params.get("controls", "no") == "no":
        said |= {"controls": "no"}
    return said


def command(entry: str, given: Mapping[str, str]) -> str:
    """The command that calls an entry point with these parameters; defaults go unsaid.

    Example:
        >>> command("train", {"dataset": "mnist", "epochs": "300", "data_dir": "/somewhere"})
        'mlflow run . -e train -P dataset=mnist'
    """
    said = [
        f"-P {key}={quote(value)}"
        for key, value in given.items()
        if key in _DEFAULT and key not in ("data_dir", "artifacts") and value != _DEFAULT[key]
    ]
    return " ".join([f"mlflow run . -e {entry}", *said])


def robustness_command(run_ids: Sequence[str], given: Mapping[str, str]) -> str:
    """The command that exposes the networks of these runs to noise; defaults go unsaid.

    Example:
        >>> robustness_command(["a"], {"sparsity": "", "severities": "5"})
        'mlflow run . -e robustness -P run_id=a -P severities=5'
        >>> robustness_command(["a", "b"], {})
        'for run in a b; do mlflow run . -e robustness -P run_id=$run; done'
        >>> robustness_command([], {})
        ''
    """
    usual = parameters(RobustnessConfig())
    said = [
        f"-P {key}={quote(value)}"
        for key, value in given.items()
        if value != usual[key].replace(" ", "") and (value or key == "sparsity")
    ]
    if not run_ids:
        return ""
    run_id = run_ids[0] if len(run_ids) == 1 else "$run"
    call = " ".join(["mlflow run . -e robustness", f"-P run_id={run_id}", *said])
    return call if len(run_ids) == 1 else f"for run in {' '.join(run_ids)}; do {call}; done"


def _of_a_network(run: Run, said: Mapping[str, str]) -> str:
    """The command of a run whose network has another seed than its pruning."""
    own = {key: value for key, value in said.items() if key not in _TRAINING}
    own |= {"run_id": run.data.params["run_id"], "seed": run.data.params["seed"]}
    if run.data.params.get("unfinished", "no") != "no":
        own |= {"unfinished": run.data.params["unfinished"]}
    return " ".join(["mlflow run . -e prune", *(f"-P {k}={quote(v)}" for k, v in own.items())])
