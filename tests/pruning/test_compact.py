"""Smaller networks with equal outputs, and what cannot be made smaller."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.models.attention_cases import ATTENTION, attention_case
from tests.models.coupled_cases import COUPLED, coupled_case
from tests.pruning.unit_cases import assert_equal, made, widths
from torch import Tensor, nn

import leastloss as ll
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.models.files import read_network, save_network
from leastloss.models.layers import Masks, prunable_layers, weight_layers
from leastloss.pruning import Parts, apply_masks

KINDS = ("binarized-mlp", "mlp", "convnet", "mlp-no-bias", "norms")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "norms"])
@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), share=st.floats(0.3, 0.99))
def test_outputs_are_equal_whatever_is_pruned(kind: str, seed: int, share: float) -> None:
    model, x = made(kind)
    generator = torch.Generator().manual_seed(seed)
    layers = prunable_layers(model)
    masks = {n: torch.rand(m.weight.shape, generator=generator) > share for n, m in layers.items()}
    for mask in masks.values():
        rows, columns = (torch.rand(n, generator=generator) < share / 3 for n in mask.shape[:2])
        mask[rows] = False
        mask[:, columns] = False
    small = ll.compact(model, masks)
    apply_masks(model, masks)
    assert_equal(small, model, x)
    assert sum(widths(small)) <= sum(widths(model))


@settings(max_examples=6)
@given(seed=st.integers(0, 10_000))
def test_norms_pools_and_activations_between_layers_are_followed(seed: int) -> None:
    model, x = made("norms")
    generator = torch.Generator().manual_seed(seed)
    masks = {}
    for name, layer in prunable_layers(model).items():
        masks[name] = torch.rand(layer.weight.shape, generator=generator) > 0.3
        masks[name][torch.rand(len(layer.weight), generator=generator) < 0.4] = False
    small = ll.compact(model, masks, sample=x[:1])
    apply_masks(model, masks)
    assert_equal(small, model, x)


@pytest.mark.parametrize("kind", ["binarized-mlp", "mlp", "convnet", "mlp-no-bias"])
def test_every_pruned_unit_goes(kind: str) -> None:
    model, x = made(kind)
    parts = Parts.of(model, "unit")
    removed = torch.randperm(len(parts), generator=torch.Generator().manual_seed(1)).numpy()
    removed = removed[: len(parts) - 9]
    masks = parts.masks(removed)
    small = ll.compact(model, masks)
    assert sum(widths(small)[:-1]) == 9
    assert widths(model) == widths(made(kind)[0])  # left as it was
    apply_masks(model, masks)
    assert_equal(small, model, x)


def test_pruned_networks_of_a_path(networks: dict[str, nn.Module], data: Data) -> None:
    for name, dense in networks.items():
        options = {"granularity": "unit", "to_sparsity": 0.6, "steps": 1, "progress": False}
        path = ll.prune(dense, data, "magnitude", **options)
        pruned = path.model_at(0.6)
        small = ll.compact(pruned)
        # Fewer still where the repair gave a unit weights of 0 alone.
        assert sum(widths(small)[:-1]) <= sum(widths(dense)[:-1]) - path.steps[-1].removed, name
        found = ll.evaluate(small, data.test)
        assert found["accuracy"] == ll.evaluate(pruned, data.test)["accuracy"]


@pytest.mark.parametrize(
    ("kind", "hidden"),
    [
        ("binarized-mlp", (5, 7)),
        ("mlp", (5, 7)),
        ("mlp-no-bias", (5, 7)),
        ("convnet", (1, 5, 6, 7)),  # its dense one is halved after the second block, not the first
    ],
)
def test_a_smaller_network_is_saved_loaded_and_pruned_again(
    kind: str, hidden: tuple[int, ...], tmp_path: Path
) -> None:
    model, x = made(kind)
    parts = Parts.of(model, "unit")
    small = ll.compact(model, parts.masks(torch.arange(4).numpy()))
    assert small.hidden == hidden
    file = tmp_path / "small.safetensors"
    save_network(file, small, {})
    again, _, _ = read_network(file)
    assert type(again) is type(model)
    with torch.inference_mode():
        assert torch.equal(again(x), small(x))
    assert again.sizes == small.sizes
    assert file.stat().st_size < sum(4 * value.numel() for value in model.parameters()) + 4096
    assert len(Parts.of(again, "unit")) == sum(hidden)
    # And once more: of what was loaded.
    less = ll.compact(again, Parts.of(again, "unit").masks(torch.arange(2, 4).numpy()))
    save_network(file, less, {})
    with torch.inference_mode():
        assert torch.equal(read_network(file)[0](x), less(x))


@pytest.mark.parametrize("kind", COUPLED)
@settings(max_examples=4)
@given(seed=st.integers(0, 10_000))
def test_every_pruned_unit_of_coupled_layers_goes(kind: str, seed: int) -> None:
    model, x = coupled_case(kind)
    parts = Parts.of(model, "unit", None, x[:2])
    removed = np.random.default_rng(seed).permutation(len(parts))[: len(parts) // 2]
    starts = np.cumsum([0, *parts.sizes.values()])[:-1]
    removed = np.setdiff1d(removed, [*starts, *(starts + 1)])  # two of each layer stay
    masks = parts.masks(removed)
    small = ll.compact(model, masks, sample=x[:1])
    apply_masks(model, masks)
    with torch.inference_mode():
        torch.testing.assert_close(small(x), model(x), rtol=1e-5, atol=1e-5)
        assert model(x).std(dim=0).min() > 0
    assert len(Parts.of(small, "unit", None, x[:2])) == len(parts) - len(removed)
    assert ll.compact(small, sample=x[:1]).state_dict().keys() == small.state_dict().keys()


class Shared(nn.Sequential):
    """A layer that runs twice."""

    def forward(self, x: Tensor) -> Tensor:
        """Run the second layer twice."""
        return self[2](self[1](self[1](self[0](x))))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            Shared(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 2)),
            "the units of layer '0' pass layer '1', which runs 2 times",
        ),
        (
            nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2)),
            r"the units of layer '0' pass '1' \(LayerNorm\), whose share of a unit is not known",
        ),
        (nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 2)), "does not feed"),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2)), "give a sample"),
    ],
)
def test_what_cannot_be_made_smaller_is_refused(model: nn.Module, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        ll.compact(model)
    assert "granularity" not in str(caught.value)


def test_code_that_counts_on_widths_is_found_out() -> None:
    class Counted(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            inner = self[0](x)
            return self[1](inner.reshape(-1, 4) * torch.ones(4))

    net = Counted(nn.Linear(3, 4), nn.Linear(4, 2))
    masks = Parts.of(net, "unit").masks(torch.arange(2).numpy())
    with pytest.raises(InputError, match="its code counts on its widths, at '1' "):
        ll.compact(net, masks)
    outer = nn.Sequential(nn.Identity(), net)
    with pytest.raises(InputError, match=r"its code counts on its widths, at '1\.1' "):
        ll.compact(outer, {f"1.{name}": mask for name, mask in masks.items()})


class Branching(nn.Module):
    """One of two layers runs, as the samples are."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Linear(4, 4) for _ in "abc")
        self.last = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        z = self.a(x).relu()
        z = self.b(z) if x.mean() > 0.5 else self.c(z)
        return self.last(z.relu())  # type: ignore[no-any-return]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("value", "idle"), [(90.0, "c"), (-90.0, "b")])
def test_a_pruned_layer_that_the_sample_does_not_call(
    value: float, idle: str, masked: bool
) -> None:
    net, masks = Branching(), {}
    for name, layer in prunable_layers(net).items():
        masks[name] = torch.ones_like(layer.weight, dtype=torch.bool)
        masks[name][1] = False
    if not masked:
        apply_masks(net, masks)
    for sample in (torch.full((3, 4), value), torch.tensor([[value], [value], [-9 * value]])):
        with pytest.raises(InputError, match=f"layer '{idle}' is not called by the sample"):
            ll.compact(net, masks if masked else None, sample=sample.expand(-1, 4))
    with pytest.raises(InputError, match="is not called by the sample"):
        ll.compact(net, masks if masked else None)


def test_a_layer_without_masks_that_the_sample_does_not_call_is_told() -> None:
    net = Branching()
    with torch.no_grad():
        net.b.weight[1] = 0.0
    with pytest.warns(UserWarning, match="layer 'c' is not called by the sample and stays as"):
        small = ll.compact(net, sample=torch.full((2, 4), 90.0))
    assert isinstance(small, Branching)
    assert (small.b.out_features, small.c.out_features) == (3, 4)


class Scaled(nn.Module):
    """A unit whose value is constant where inputs are not negative in sum, and only there."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 5), nn.Linear(5, 3)
        _one_dead(self.first)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x).relu()
        return self.last(h * (1 + (-x.sum(dim=1, keepdim=True)).relu()))  # type: ignore[no-any-return]


class Tokens(nn.Module):
    """The mean over tokens that are no padding: a padded sample makes the unit's value 0."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.first, self.last = nn.Embedding(9, 4), nn.Linear(4, 5), nn.Linear(5, 3)
        _one_dead(self.first)

    def forward(self, x: Tensor) -> Tensor:
        read = (x.long() != 0).unsqueeze(-1).float()
        h = (self.first(self.table(x.long())).relu() * read).sum(dim=1)
        return self.last(h / read.sum(dim=1).clamp(min=1))  # type: ignore[no-any-return]


@torch.no_grad()
def _one_dead(layer: nn.Linear) -> None:
    layer.weight[1] = 0.0
    layer.bias[1] = 3.0


@pytest.mark.parametrize("given", [True, False])
def test_what_is_constant_on_some_samples_alone_stays(given: bool) -> None:
    torch.manual_seed(0)
    model, x = Scaled().eval(), torch.randn(50, 4)
    small = ll.compact(model, sample=x[:20] if given else None)
    torch.testing.assert_close(small(x), model(x), rtol=0, atol=1e-5)


def test_tokens_are_those_of_the_sample() -> None:
    torch.manual_seed(0)
    model, x = Tokens().eval(), torch.randint(0, 9, (40, 6))
    x[5] = 0
    torch.testing.assert_close(ll.compact(model, sample=x)(x), model(x), rtol=0, atol=1e-5)
    with pytest.raises(InputError, match="give a sample"):
        ll.compact(model)


def some_heads(model: nn.Module, x: Tensor) -> Masks:
    """The second head of each attention and four units of each feed-forward part are gone."""
    parts, start, removed = Parts.of(model, "unit", None, x), 0, list[int]()
    for coupled in parts.units.values():
        removed += [start + 1] if coupled.attention is not None else range(start, start + 4)
        start += len(coupled)
    return parts.masks(np.array(removed))


@pytest.mark.parametrize("kind", ATTENTION)
def test_heads_go_with_all_that_belongs_to_them(kind: str) -> None:
    model, x = attention_case(kind)
    masks = some_heads(model, x)
    small = ll.compact(model, masks, sample=x)
    apply_masks(model, masks)
    with torch.inference_mode():
        torch.testing.assert_close(small(x), model(x), rtol=1e-5, atol=1e-5)
    before, after = (
        {n: tuple(layer.weight.shape) for n, layer in weight_layers(net).items()}
        for net in (model, small)
    )
    changed = {n: (shape, after[n]) for n, shape in before.items() if shape != after[n]}
    readers = [n for n in changed if n.endswith(("proj", "attention.out"))]
    assert readers
    for name in readers:  # two of three heads are left
        (_, wide), (_, narrow) = changed[name]
        assert 3 * narrow == 2 * wide
    assert len(changed) == {"rotary": 6, "torch": 12}.get(kind, 4)
    # And once more: of what is left.
    sizes = Parts.of(small, "unit", None, x).sizes
    assert set(sizes.values()) == {2, 4}
    assert len(Parts.of(ll.compact(small, sample=x), "unit", None, x)) == sum(sizes.values())


class Published(nn.Module):
    """A classifier on what a transformer of the library makes of tokens or pixels."""

    def __init__(self, kind: str, **options: object) -> None:
        super().__init__()
        transformers = pytest.importorskip("transformers", reason="the extra 'examples' is missing")
        config = getattr(transformers, f"{kind}Config")(**options)
        self.body, self.head = getattr(transformers, f"{kind}Model")(config), nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        read = x if x.ndim == 4 else x.long()
        return self.head(self.body(read).last_hidden_state.mean(1))


SMALL = {
    "hidden_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 8,
}
WORDS = {"vocab_size": 30, "max_position_embeddings": 8}
IMAGES = {"image_size": 8, "patch_size": 4}
PUBLISHED = {
    "Bert": SMALL | WORDS,
    "DistilBert": WORDS | {"dim": 12, "n_layers": 2, "n_heads": 3, "hidden_dim": 8},
    "ViT": SMALL | IMAGES,
    "CLIPVision": SMALL | IMAGES,
    "Llama": SMALL | WORDS | {"num_attention_heads": 6, "num_key_value_heads": 3, "head_dim": 4},
    "Qwen3": SMALL | WORDS | {"num_attention_heads": 6, "num_key_value_heads": 3, "head_dim": 4},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", PUBLISHED)
def test_heads_of_published_transformers(kind: str) -> None:
    torch.manual_seed(0)
    model = Published(kind, **PUBLISHED[kind]).eval()
    x = torch.rand(2, 3, 8, 8) if kind in ("ViT", "CLIPVision") else torch.randint(0, 30, (2, 7))
    masks = some_heads(model, x)
    small = ll.compact(model, masks, sample=x)
    apply_masks(model, masks)
    with torch.inference_mode():
        torch.testing.assert_close(small(x), model(x), rtol=1e-5, atol=1e-5)
    assert set(Parts.of(small, "unit", None, x).sizes.values()) == {2, 4}  # of three and eight


def test_pruned_heads_stay_where_the_code_counts_on_them() -> None:
    model, x = attention_case("scaled")
    masks = some_heads(model, x)
    with pytest.warns(
        UserWarning, match="pruned heads stay in 'attention': the code there"
    ) as told:
        small = ll.compact(model, masks, sample=x)
    assert told[0].filename == __file__
    assert widths(small) == [12, 12, 12, 12, 12, 4, 12, 3]
    apply_masks(model, masks)
    with torch.inference_mode():
        torch.testing.assert_close(small(x), model(x), rtol=1e-5, atol=1e-5)


def test_attention_without_some_heads_has_no_native_form() -> None:
    model, x = attention_case("torch")
    small = ll.compact(model, some_heads(model, x), sample=x)
    said = r"'encoder\.layers\.0\.self_attn': 2 of its 3 heads are left, .*keep the linear form$"
    with pytest.raises(InputError, match=said):
        ll.native_form(small)


@pytest.mark.parametrize("criterion", ["magnitude", "nc", "taylor"])
def test_scores_choose_heads_and_repairs_mend_what_reads_them(criterion: str) -> None:
    model, _ = attention_case("torch")
    x, y = torch.rand(30, 6, 5, generator=torch.Generator().manual_seed(0)), torch.arange(30) % 3
    attention = [f"encoder.layers.{i}.self_attn" for i in (0, 1)]
    options = {"layers": [f"{name}.q" for name in attention], "sparsities": [0.5]}
    path = ll.prune(model, (x, y), criterion, granularity="unit", progress=False, **options)
    pruned = path.model_at(0.5)
    small = ll.compact(pruned, sample=x[:4])
    assert sum(small.get_submodule(name).num_heads for name in attention) == 3  # of six
    repaired = f"{attention[0]}.out_proj.weight"
    kept = pruned.state_dict()[repaired] != 0
    assert not torch.equal(pruned.state_dict()[repaired][kept], model.state_dict()[repaired][kept])
    with torch.inference_mode():
        torch.testing.assert_close(small(x), pruned(x), rtol=1e-5, atol=1e-5)
    size, before = (
        sum(p.numel() for name in attention for p in net.get_submodule(name).parameters())
        for net in (small, pruned)
    )
    assert size == before - 3 * (3 * 4 * 13 + 4 * 12)  # rows with biases, and columns
