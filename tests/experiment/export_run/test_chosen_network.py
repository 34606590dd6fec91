"""Which network is taken home where none is named."""

from types import SimpleNamespace

import pytest

from leastloss.controls import ROLE
from leastloss.errors import InputError
from leastloss.experiment.config import ExportConfig
from leastloss.experiment.export_run import chosen_network


def test_without_a_run_it_is_the_method_that_loses_most_for_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(name: str, free: float, role: str) -> SimpleNamespace:
        data = SimpleNamespace(
            tags={ROLE: role}, metrics={"free_sparsity": free}, params={"criterion": name}
        )
        return SimpleNamespace(info=SimpleNamespace(run_id=name), data=data)

    made = [run("nc", 0.7, "method"), run("random", 0.7, "method"), run("small", 0.9, "control")]
    monkeypatch.setattr(chosen_network, "newest", lambda kind: "parent")
    monkeypatch.setattr(chosen_network, "children", lambda run_id: made)
    assert chosen_network._most_free() == "nc"
    monkeypatch.setattr(chosen_network, "children", lambda run_id: made[2:])
    assert chosen_network._most_free() == "small"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"file": "a", "step": "1"}, "file is one network"),
        ({"sparsity": "0.5", "step": "1"}, "give one of them"),
    ],
)
def test_options_that_name_two_networks_are_refused(options: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        chosen_network.chosen_network(ExportConfig(**options))
