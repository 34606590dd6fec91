"""The machine of a run, as tags: processor, cores, BLAS, GPU."""

import platform
from pathlib import Path

import loky
import torch
from threadpoolctl import threadpool_info

PREFIX = "leastloss.hardware."
_CPUS = Path("/proc/cpuinfo")


def hardware() -> dict[str, str]:
    """What computed a run, beside its threads and versions.

    Example:
        >>> [tag.removeprefix(PREFIX) for tag in hardware()]
        ['cpu', 'cores', 'blas', 'gpu']
    """
    # What this process may use of them.
    cores = f"{loky.cpu_count(only_physical_cores=True)} physical, {loky.cpu_count()} logical"
    facts = {"cpu": _cpu(), "cores": cores, "blas": _blas(), "gpu": _gpu()}
    return {f"{PREFIX}{key}": value for key, value in facts.items()}


def _cpu() -> str:
    """The name of the processor; Linux alone has it in a file."""
    try:
        lines = _CPUS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine() or "unknown"


def _blas() -> str:
    """The libraries of NumPy and SciPy that are loaded, and torch's own."""
    loaded = {
        f"{pool['internal_api']} {pool['version']} {pool.get('architecture') or ''}".strip()
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
    return ", ".join(
        [*sorted(loaded), *(["torch: mkl"] if torch.backends.mkl.is_available() else [])]
    )


def _gpu() -> str:
    if not torch.cuda.is_available():
        return "none"
    card = torch.cuda.get_device_properties(0)
    return (
        f"{torch.cuda.device_count()} x {card.name}, {card.total_memory >> 30} GiB, "
        f"CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
    )
