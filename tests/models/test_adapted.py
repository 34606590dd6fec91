"""Tokens in, objects out: a small transformer, and other forms of outputs."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tests.models.own_nets import FEED_FORWARD, MASKED, TRANSFORMER
from torch import Tensor, nn

import leastloss as ll
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.models import build_model
from leastloss.models.adapted import Adapted, adapted, logits_in
from leastloss.named_functions import named_function


class Gives(nn.Module):
    """A layer whose output is of some form."""

    def __init__(self, form: Any, classes: int) -> None:
        super().__init__()
        self.layer, self.form = nn.Linear(4, classes), form

    def forward(self, x: Tensor) -> Any:
        return self.form(self.layer(x))


@pytest.fixture(scope="module")
def tokens() -> Data:
    """The class is whether one token is among the eight."""
    x = torch.randint(1, 20, (240, 8), generator=torch.Generator().manual_seed(0))
    y = torch.arange(240) % 2
    x[y == 1, 3] = 0
    return Data.from_tensors((x, y))


@pytest.fixture
def transformer(tmp_path: Path, tokens: Data) -> nn.Module:
    (tmp_path / "small.py").write_text(TRANSFORMER)
    generator = torch.Generator().manual_seed(0)
    return build_model(f"{tmp_path}/small.py:Small", tokens.shape, (), 2, generator=generator)


def test_a_small_transformer_is_trained_and_pruned(transformer: nn.Module, tokens: Data) -> None:
    ll.fit(transformer, tokens, epochs=20, lr=1e-2, progress=False)
    assert ll.evaluate(transformer, tokens.test)["accuracy"] > 0.9
    embedding = transformer.get_parameter("network.words.weight").clone()
    path = ll.prune(
        transformer, tokens, "nc", sparsities=[0.3], layers=FEED_FORWARD, progress=False
    )
    pruned = path.model_at(0.3)
    assert embedding.equal(pruned.get_parameter("network.words.weight"))
    assert ll.evaluate(pruned, tokens.test)["accuracy"] > 0.9


def test_projections_that_attention_multiplies_with_itself_are_named(
    transformer: nn.Module, tokens: Data
) -> None:
    with pytest.raises(InputError, match=r"MultiheadAttention uses the weight of .*out_proj") as e:
        ll.prune(transformer, tokens, "magnitude", sparsities=[0.3], progress=False)
    assert str(FEED_FORWARD) in str(e.value)


def test_one_logit_a_pixel_becomes_two() -> None:
    wrapped, x = adapted(nn.Conv2d(1, 1, 3, padding=1), (1, 4, 4), 2), torch.rand(3, 1, 4, 4)
    assert isinstance(wrapped, Adapted)
    logits = wrapped(x)
    assert logits.shape == (3, 2, 4, 4)
    assert not logits[:, 0].any()
    assert logits[:, 1:].equal(wrapped.network(x))


@pytest.mark.parametrize(
    "form",
    [
        lambda y: (y, None),
        lambda y: [y],
        lambda y: {"loss": None, "logits": y},
        lambda y: {"out": y, "aux": None},
        lambda y: SimpleNamespace(logits=y),
    ],
)
def test_logits_are_found_in_outputs(form: Any) -> None:
    network = Gives(form, 3)
    wrapped, x = adapted(network, (4,), 3), torch.rand(5, 4)
    assert isinstance(wrapped, Adapted)
    assert wrapped(x).equal(network.layer(x))


@pytest.mark.parametrize("form", [lambda y: y, lambda y: y[:, 0]])
def test_one_logit_for_two_classes(form: Any) -> None:
    network, x = Gives(form, 1), torch.rand(5, 4)
    logits = adapted(network, (4,), 2)(x)
    assert torch.allclose(logits.softmax(1)[:, 1], network.layer(x).sigmoid()[:, 0])


def test_what_gives_logits_already_stays_as_it_is() -> None:
    network = nn.Linear(4, 3)
    assert adapted(network, (4,), 3) is network
    assert adapted(network, (7,), 3) is network  # does not run: others say so


@pytest.mark.parametrize("output", [None, {}, (), {"logits": 3}, SimpleNamespace(), "text"])
def test_no_logits(output: Any) -> None:
    with pytest.raises(InputError, match="it must give logits"):
        logits_in(output)


@pytest.fixture
def masked(tmp_path: Path) -> str:
    (tmp_path / "masked.py").write_text(MASKED)
    return f"{tmp_path}/masked.py"


def test_a_forward_function_passes_a_mask_to_training_and_pruning(
    masked: str, tokens: Data
) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = named_function("model", f"{masked}:Masked")(2)

    def with_mask(network: nn.Module, x: Tensor) -> Any:
        assert x.dtype == torch.int64
        return network(x, attention_mask=(x != 0).long())

    model = ll.Adapted(network, with_mask)
    ll.fit(model, tokens, epochs=2, progress=False)
    assert ll.evaluate(model, tokens.test)["accuracy"] > 0.2
    embedding = network.words.weight.clone()
    path = ll.prune(model, tokens, "nc", sparsities=[0.3, 0.6], progress=False)
    pruned = path.model_at(0.6)
    x = tokens.test.x
    masks = path.masks_at(0.6)
    assert sorted(masks) == ["network.head", "network.hidden"]
    assert sum(int((~mask).sum()) for mask in masks.values()) == round(0.6 * 160)
    for name, mask in masks.items():
        assert not pruned.get_parameter(f"{name}.weight")[~mask].any()
    assert embedding.equal(pruned.get_parameter("network.words.weight"))
    bare = pruned.get_submodule("network")
    assert pruned(x).equal(bare(x.long(), (x != 0).long())["logits"])
    assert not pruned(x).equal(bare(x.long())["logits"])


def test_a_forward_function_by_name(masked: str) -> None:
    options: dict[str, Any] = {"generator": torch.Generator().manual_seed(0)}
    model = build_model(
        f"{masked}:Masked", (8,), (), 2, forward=f"{masked}:without_padding", **options
    )
    x = torch.tensor([[3.0, 4, 0, 0, 0, 0, 0, 0], [3, 4, 3, 4, 3, 4, 3, 4]])
    first, second = model(x)
    torch.testing.assert_close(first, second)  # padding counts for nothing


@pytest.mark.parametrize(
    ("forward", "words"),
    [
        ("none", "unknown function in"),
        ("breaks", "has no attribute 'no_such_part'"),
        ("hidden", "gives (2, 16) for two samples of shape (8,)"),
    ],
)
def test_forward_functions_that_do_not_run_it(masked: str, forward: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        build_model(f"{masked}:Masked", (8,), (), 2, forward=f"{masked}:{forward}")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_forward_function_belongs_to_own_networks(masked: str) -> None:
    with pytest.raises(InputError, match="belongs to a network of your own"):
        build_model("mlp", (8,), (4,), 2, forward=f"{masked}:breaks")
