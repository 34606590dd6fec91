import pytest

from leastloss.evaluation import METRICS, by_name, key_of, name_of

FAMILIES = ["recall_class_12", "sparsity_layer_3", "gaussian3_accuracy", "val_recall_class_0"]
FAMILIES += [
    "val_accuracy",
    "epoch_val_loss",
    "epoch_nc1",
    "gpu_latency_ms",
    "lr",
    "unheard_of",
    "mce/dense",
]


@pytest.mark.parametrize("name", [*METRICS, *FAMILIES])
def test_a_key_leads_back_to_its_metric(name: str) -> None:
    assert name_of(key_of(name)) == name


@pytest.mark.parametrize("name", [*METRICS, *FAMILIES])
def test_runs_from_before_the_prefixes_are_read_as_they_are(name: str) -> None:
    assert name_of(name) == name


def test_keys_are_distinct() -> None:
    names = [*METRICS, *FAMILIES]
    assert len({key_of(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("accuracy", "accuracy"),
        ("sparsity", "sparsity"),
        ("free_sparsity", "free_sparsity"),
        ("val_minority_recall", "val/minority_recall"),
        ("recall_class_7", "class/recall_7"),
        ("sparsity_layer_0", "layer/sparsity_0"),
        ("nc3", "collapse/nc3"),
        ("latency_ms", "cost/latency_ms"),
        ("bdm_bits", "cost/bdm_bits"),
        ("gpu_dense_throughput", "cost/gpu_dense_throughput"),
        ("gaussian2_accuracy", "noise/gaussian2_accuracy"),
        ("ties_at_cut", "selection/ties_at_cut"),
        ("gaussian/accuracy.dense", "gaussian/accuracy.dense"),
    ],
)
def test_keys_are_grouped(name: str, key: str) -> None:
    assert key_of(name) == key


def test_a_run_of_old_and_new_keys_is_read_by_name() -> None:
    assert by_name({"nc1": 1.0, "val/loss": 2.0, "sparsity": 0.5}) == {
        "nc1": 1.0,
        "val_loss": 2.0,
        "sparsity": 0.5,
    }
