from pathlib import Path

import pytest
import torch
from tests.models.own_nets import NETS

from leastloss.errors import InputError
from leastloss.models import build_model, own_network


@pytest.fixture
def nets(tmp_path: Path) -> str:
    (path := tmp_path / "own_nets.py").write_text(NETS)
    return str(path)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("m:f", "function"),
        ("a/b.py:f", "function"),
        ("models:/x@y", "stored"),
        ("models:/x/3", "stored"),
        ("runs:/0123/model", "stored"),
        ("nets/a.pt2", "exported"),
        ("resnet18", None),
        ("mlp", None),
    ],
)
def test_kinds_of_names(name: str, kind: str | None) -> None:
    assert own_network(name) == kind


def test_functions_and_classes_get_what_they_take(nets: str) -> None:
    build = [
        build_model(f"{nets}:{name}", (1, 8, 8), (), 10, generator=torch.Generator().manual_seed(0))
        for name in ("Net", "flat", "ten", "Net")
    ]
    first, _, _, again = build
    x = torch.rand(3, 1, 8, 8)
    assert first.eval()(x).equal(again.eval()(x))


def test_the_global_generator_stays(nets: str) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    build_model(f"{nets}:ten", (1, 8, 8), (), 10, generator=torch.Generator())
    assert before.equal(torch.get_rng_state())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("words", "returned str; it must return a nn.Module"),
        ("several", "the network gives a dict; it must give logits: a tensor"),
        ("ten", "gives (2, 10) for two samples of shape (1, 8, 8); for these data it must give"),
        ("needs", "needs depth; a function may take shape, in_shape, features"),
        ("nothing", "unknown function"),
    ],
)
def test_what_is_no_network_for_these_data(nets: str, name: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        build_model(f"{nets}:{name}", (1, 8, 8), (), 7)
    assert words in str(error.value)


def test_a_network_that_does_not_run_on_such_samples(nets: str) -> None:
    with pytest.raises(InputError, match=r"does not run on samples of shape \(1, 2, 2\)"):
        build_model(f"{nets}:Net", (1, 2, 2), (), 7)
    with pytest.raises(InputError, match="takes samples as they are"):
        build_model(f"{nets}:Net", (1, 8, 8), (), 7, normalize="half")
    with pytest.raises(InputError, match="has its weights already"):
        build_model("models:/x@y", (1, 8, 8), (), 7)
