from pathlib import Path

import pytest
import torch
from tests.forked import forked
from torch import nn

import leastloss as ll
from leastloss.data import Data
from leastloss.errors import InputError, ResourceError
from leastloss.models import BinarizedMLP, as_classifier, load_exported
from leastloss.pruning import apply_masks

X = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))


class Shared(nn.Module):
    """One of its weights is used twice, which no layer could say."""

    def __init__(self) -> None:
        super().__init__()
        self.once, self.twice = nn.Linear(64, 8, bias=False), nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.twice(self.twice(self.once(x.flatten(1))))


def exported(model: nn.Module, path: Path) -> Path:
    model.eval().requires_grad_(False)
    dynamic = ({0: torch.export.Dim("batch")},)
    torch.export.save(torch.export.export(model, (X,), dynamic_shapes=dynamic), path)
    return path


def convolutions() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 8, (1, 3), padding=(0, 1), groups=2, dilation=1),
        nn.Flatten(2),
        nn.Conv1d(8, 6, 3, padding=1),
        nn.Flatten(),
        nn.Linear(96, 10),
    )


def test_layers_come_back_with_their_weights(tmp_path: Path) -> None:
    model = convolutions()
    loaded = load_exported(exported(model, tmp_path / "net.pt2"))
    assert loaded.state_dict().keys() == model.state_dict().keys() - {"1.num_batches_tracked"}
    for name in ("0", "3", "5", "7"):
        assert repr(loaded.get_submodule(name)) == repr(model.get_submodule(name))
    assert loaded(X[:3]).equal(model(X[:3]))


def test_masks_come_back_with_their_layers(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 1))
    mask = torch.ones(2, 1, 3, 3, dtype=torch.bool)
    mask[0, 0, 0] = False
    apply_masks(model, {"0": mask})
    loaded = load_exported(exported(model, tmp_path / "net.pt2"))
    assert loaded.get_buffer("0.pruning_mask").equal(mask)
    assert loaded(X).equal(model(X))


def test_it_can_be_pruned_and_trained(tmp_path: Path, data: Data) -> None:
    loaded = load_exported(exported(convolutions(), tmp_path / "net.pt2"))
    few = Data.from_tensors((data.train.x[:60], data.train.y[:60] % 10), classes=10)
    path = ll.prune(loaded, few, "magnitude", sparsities=[0.5], recovery="none", progress=False)
    assert path.table()["sparsity"].iloc[-1] == pytest.approx(0.5, abs=0.01)
    before = loaded.get_submodule("7").weight.detach().clone()
    ll.fit(loaded, few, epochs=1, progress=False)
    assert not before.equal(loaded.get_submodule("7").weight)


def test_a_weight_that_is_used_twice_is_no_layer(tmp_path: Path) -> None:
    loaded = load_exported(exported(Shared(), tmp_path / "net.pt2"))
    assert isinstance(loaded.get_submodule("once"), nn.Linear)
    assert not isinstance(loaded.get_submodule("twice"), nn.Linear)


def test_binary_networks_are_refused_in_one_line(tmp_path: Path) -> None:
    path = exported(nn.Sequential(nn.Flatten(), BinarizedMLP(64, (4,), 10)), tmp_path / "net.pt2")
    with pytest.raises(InputError, match="no layer that can be pruned"):
        load_exported(path)


def test_damaged_files(tmp_path: Path) -> None:
    path = exported(Shared(), tmp_path / "net.pt2")
    for content in (b"", b"no graph", path.read_bytes()[:500]):
        (bad := tmp_path / "bad.pt2").write_bytes(content)
        with pytest.raises(ResourceError, match=r"bad\.pt2 is no exported network, or damaged"):
            load_exported(bad)
    for name in ("none.pt2", f"{300 * 'a'}.pt2"):
        with pytest.raises(ResourceError, match="there is no file"):
            load_exported(tmp_path / name)


class Blurred(nn.Module):
    """A convolution with a fixed filter, and a layer with a scale of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.blur, self.last = Blur(), Scaled(64, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.blur(x).flatten(1))  # type: ignore[no-any-return]


class Blur(nn.Module):
    weight: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.full((1, 1, 3, 3), 1 / 9))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.conv2d(x, self.weight, padding=1)


class Scaled(nn.Linear):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.scale = nn.Parameter(torch.full((1,), 2.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) * self.scale


def test_fixed_filters_and_layers_with_more_stay_as_they_are(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), Blurred())
    network = load_exported(exported(model, tmp_path / "net.pt2"))
    assert torch.equal(network(X), model(X))
    assert [type(m) for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)] == [
        nn.Conv2d
    ]


def _export_what_gives_an_object(path: Path) -> None:
    from transformers.modeling_outputs import SequenceClassifierOutput

    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.head = nn.Embedding(20, 4), nn.Linear(4, 2)

        def forward(self, tokens: torch.Tensor) -> SequenceClassifierOutput:
            return SequenceClassifierOutput(logits=self.head(self.words(tokens).mean(1)))

    program = torch.export.export(Tokens(), (torch.zeros(2, 6, dtype=torch.int64),))
    torch.export.save(program, path)


def test_what_gives_an_object_of_hugging_face(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("transformers", reason="the extra 'examples' is not installed")
    process = forked(_export_what_gives_an_object, tmp_path / "tokens.pt2")
    process.join()  # this process has not imported what the network gives
    assert process.exitcode == 0
    capfd.readouterr()
    network = load_exported(tmp_path / "tokens.pt2")
    tokens = torch.randint(0, 20, (2, 6))
    classifier = as_classifier("tokens.pt2", network, (6,), 2)
    assert classifier(tokens.float()).equal(network(tokens)["logits"])
    assert capfd.readouterr() == ("", "")


def test_what_is_damaged_says_why_and_nothing_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = exported(nn.Sequential(nn.Flatten(), nn.Linear(64, 2)), tmp_path / "net.pt2")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ResourceError, match=r"^net.pt2 is no exported network, or damaged: "):
        load_exported(path)
    assert capfd.readouterr() == ("", "")
