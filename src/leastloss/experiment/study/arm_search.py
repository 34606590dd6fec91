"""The trials of one arm, in a database of Optuna. Imported where a study has a search alone."""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from leastloss.errors import ResourceError, brief
from leastloss.evaluation import metric_of
from leastloss.experiment.study.search_space import arm_with, options_for
from leastloss.experiment.study.study import Arm, Choice, Range, Study
from leastloss.options import parameters
from leastloss.seeds import stream

_PATIENCE = 60.0  # seconds for a busy sqlite file

optuna.logging.set_verbosity(optuna.logging.WARNING)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A trial that has to be run: its number among those of its arm, and the arm to prune by."""

    number: int
    arm: Arm


@contextlib.contextmanager
def database_errors() -> Iterator[None]:
    """Turn what the database may raise into one line."""
    try:
        yield
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError, ImportError) as error:
        cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
        raise ResourceError(f"the database of the search fails: {brief(cause)}") from error


def database_of(url: str) -> optuna.storages.RDBStorage:
    """Open a database, which may be MLflow's; the tables of both stand side by side in it."""
    options = {"connect_args": {"timeout": _PATIENCE}} if url.startswith("sqlite") else {}
    # The check looks for Optuna's revision where MLflow has written its own.
    return optuna.storages.RDBStorage(url, options, skip_compatibility_check=True)


class ArmSearch:
    """The trials of one arm; each depends on those before it alone.

    A trial that was interrupted keeps its number and its values, and is run again: a search that is
    killed anywhere comes out as one that was not. The sampler is TPE, and no trial is pruned.

    Args:
        study: The study.
        arm: One of its arms that follows no other.
        database: Where the trials are kept.
        code: Digest of the code that runs them; empty: of before it was noted.
        networks: Digest of the code that trained what they prune, where that is another.
    """

    def __init__(
        self,
        study: Study,
        arm: Arm,
        database: optuna.storages.RDBStorage,
        code: str,
        networks: str = "",
    ) -> None:
        assert study.search is not None
        self.code = code
        self.arm, self.search, self.method = arm, study.search, study.method(arm)
        self._keys = options_for(study.search, arm)
        self._sign = 1 if metric_of(self.search.metric).higher_is_better else -1
        self._name = _identity(study, arm)  # without the code, so that it draws the same by any
        self._study = optuna.create_study(
            storage=database,
            study_name="/".join(filter(None, (self._name, code, networks))),
            direction="maximize" if self._sign == 1 else "minimize",
            pruner=optuna.pruners.NopPruner(),
            load_if_exists=True,
        )

    @property
    def left(self) -> int:
        """How many trials are still to do; one that failed is not done again."""
        return max(0, self.search.trials - len(self._ended()))

    def next(self) -> Attempt | None:
        """The next trial to run; one whose arm equals an earlier one's takes its value."""
        while self.left:
            trial = self._begun()
            try:
                arm = self._with({key: self._drawn(trial, key) for key in self._keys})
            except optuna.exceptions.UpdateFinishedTrialError:
                continue  # another sweep has told it meanwhile
            known = [t for t in self._ended() if t.value is not None and self._arm_of(t) == arm]
            if not known:
                return Attempt(number=trial.number, arm=arm)
            self._study.tell(trial.number, known[0].value, skip_if_finished=True)
        return None

    def tell(self, attempt: Attempt, value: float | None) -> None:
        """Note what came out; None: it failed."""
        state = TrialState.FAIL if value is None else TrialState.COMPLETE
        # Another sweep may have told it from its runs.
        self._study.tell(attempt.number, value, state, skip_if_finished=True)

    def best(self) -> tuple[Arm, Choice]:
        """The arm with the values of the best trial, the first one of several."""
        done = [trial for trial in self._ended() if trial.state is TrialState.COMPLETE]
        if not done:
            raise ResourceError(f"all {len(self._ended())} trials of {self.method!r} failed")
        best = max(done, key=lambda trial: (self._sign * (trial.value or 0.0), -trial.number))
        choice = Choice(
            method=self.method,
            values=tuple((key, _rounded(best.params[key])) for key in self._keys),
            lacking=tuple(key for key, _ in self.search.space if key not in self._keys),
            trials=len(self._ended()),
            failed=len(self._ended()) - len(done),
            value=best.value or 0.0,
        )
        return self._arm_of(best), choice

    def _trials(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)[: self.search.trials]

    def _ended(self) -> list[FrozenTrial]:
        return [trial for trial in self._trials() if trial.state.is_finished()]

    def _begun(self) -> Trial:
        """The trial that did not end, else a new one."""
        begun = [trial for trial in self._trials() if not trial.state.is_finished()]
        return Trial(self._study, begun[0]._trial_id) if begun else self._study.ask()

    def _drawn(self, trial: Trial, key: str) -> Any:
        # A stream for each number and key: what this process drew before does not matter.
        seed = stream(trial.number, f"{self._name}/{key}").integers(2**32)
        self._study.sampler = optuna.samplers.TPESampler(seed=int(seed))
        values = dict(self.search.space)[key]
        if not isinstance(values, Range):
            return trial.suggest_categorical(key, values)
        if isinstance(values.low, int) and isinstance(values.high, int):
            return trial.suggest_int(key, values.low, values.high, log=values.log)
        return trial.suggest_float(key, values.low, values.high, log=values.log)

    def _arm_of(self, trial: FrozenTrial) -> Arm:
        return self._with(trial.params)

    def _with(self, values: Mapping[str, Any]) -> Arm:
        return arm_with(self.arm, {key: _rounded(values[key]) for key in self._keys})


def _rounded(value: Any) -> Any:
    """Three digits are enough for what goes into names and tables.

    Example:
        >>> _rounded(0.0004633971), _rounded(7), _rounded("erk")
        (0.000463, 7, 'erk')
    """
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _identity(study: Study, arm: Arm) -> str:
    """The name of an arm's trials, which are those of all that their values depend on."""
    assert study.search is not None
    searched = asdict(study.search) | {"trials": 0, "storage": ""}  # more trials go on
    networks = [parameters(study.network(seed)) for seed in study.searched_seeds]
    settings = [parameters(arm.config), *networks]
    text = repr((searched, arm.spec, [its | {"data_dir": ""} for its in settings]))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"leastloss/{study.section}/{arm.criterion}/{digest}"
