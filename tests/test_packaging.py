"""The lock, the environments, MLproject and the Makefile agree with one another."""

import math
import re
import shlex
import subprocess
import tomllib
import warnings
from pathlib import Path

import pytest
import torch
import yaml
from mlflow.projects._project_spec import Project, load_project
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
ENTRY_POINTS = ("train", "prune", "robustness", "export", "compare", "sweep")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def blocks() -> list[str]:
    """The lock's requirements, each with the lines of its hashes joined to it."""
    lines = [line for line in read("requirements.lock").splitlines() if not line.startswith("#")]
    return [line for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


@pytest.fixture(scope="module")
def locked(blocks: list[str]) -> dict[str, list[Requirement]]:
    """Requirements by name; a name has several where the version depends on the Python."""
    result: dict[str, list[Requirement]] = {}
    for block in blocks:
        requirement = Requirement(block.split("--hash")[0])
        result.setdefault(canonical(requirement.name), []).append(requirement)
    return result


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(ROOT)


def metadata() -> dict[str, object]:
    return tomllib.loads(read("pyproject.toml"))["project"]


def wanted() -> list[Requirement]:
    table = metadata()
    extras = table["optional-dependencies"]
    lists = [table["dependencies"], *extras.values()]
    return [Requirement(line) for group in lists for line in group]


def version_of(requirement: Requirement) -> str:
    (pin,) = requirement.specifier
    assert pin.operator == "=="
    return pin.version


class TestLock:
    def test_every_requirement_has_a_hash(self, blocks: list[str]) -> None:
        assert len(blocks) > 100
        assert [b for b in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}", b)] == []

    @pytest.mark.parametrize(
        "address", ["://", "file:", " @ ", "--index", "--extra-index", "--find-", "-e "]
    )
    def test_no_addresses(self, address: str) -> None:
        assert address not in read("requirements.lock")

    def test_no_paths_in_comments(self) -> None:
        comments = re.findall(r"#.*", read("requirements.lock"))
        assert [c for c in comments if "/" in c] == []

    def test_covers_pyproject(self, locked: dict[str, list[Requirement]]) -> None:
        assert {canonical(r.name) for r in wanted()} <= set(locked)

    def test_versions_are_those_pyproject_allows(
        self, locked: dict[str, list[Requirement]]
    ) -> None:
        outside = [
            f"{pin} is not {requirement}"
            for requirement in wanted()
            for pin in locked[canonical(requirement.name)]
            if not requirement.specifier.contains(version_of(pin), prereleases=True)
        ]
        assert outside == []

    @pytest.mark.parametrize("minor", [11, 12, 13])
    def test_one_version_for_each_python(
        self, locked: dict[str, list[Requirement]], minor: int
    ) -> None:
        environment = {
            "python_full_version": f"3.{minor}.0",
            "python_version": f"3.{minor}",
            "sys_platform": "linux",
            "platform_system": "Linux",
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "implementation_name": "cpython",
            "os_name": "posix",
        }
        for requirement in wanted():
            pins = locked[canonical(requirement.name)]
            fit = [p for p in pins if p.marker is None or p.marker.evaluate(environment)]
            assert len(fit) == 1, f"{requirement.name} on 3.{minor}: {fit}"

    def test_no_local_builds(self, locked: dict[str, list[Requirement]]) -> None:
        assert [str(p) for pins in locked.values() for p in pins if "+" in str(p.specifier)] == []

    def test_setuptools_still_has_pkg_resources(self, locked: dict[str, list[Requirement]]) -> None:
        (setuptools,) = locked["setuptools"]
        assert int(version_of(setuptools).split(".")[0]) < 81

    def test_uv_is_the_makefiles(self, locked: dict[str, list[Requirement]]) -> None:
        (uv,) = locked["uv"]
        assert re.findall(r"^UV_VERSION := (.+)$", read("Makefile"), re.M) == [version_of(uv)]


class TestEnvironments:
    def test_conda_and_python_env_take_the_same_lock(self) -> None:
        conda = yaml.safe_load(read("conda.yaml"))["dependencies"]
        (pip,) = [d["pip"] for d in conda if isinstance(d, dict)]
        assert pip == yaml.safe_load(read("python_env.yaml"))["dependencies"]
        assert pip == ["-r requirements.lock"]

    def test_python_env_leaves_the_interpreter_open(self) -> None:
        assert set(yaml.safe_load(read("python_env.yaml"))) == {"dependencies"}

    def test_condas_python_is_one_the_package_supports(self) -> None:
        conda = yaml.safe_load(read("conda.yaml"))["dependencies"]
        (minor,) = [int(d.removeprefix("python=3.")) for d in conda if str(d).startswith("python")]
        classifiers = metadata()["classifiers"]
        assert f"Programming Language :: Python :: 3.{minor}" in classifiers

    def test_no_uv_lock(self) -> None:
        """With one, mlflow's uv manager would take it and not requirements.lock."""
        assert not (ROOT / "uv.lock").exists()

    def test_torchvision_has_its_operators(self) -> None:
        import torchvision

        boxes = torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 2.1], [5, 5, 6, 6]])
        kept = torchvision.ops.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5)
        assert kept.tolist() == [0, 2]

    def test_pybdm_imports_and_counts(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pkg_resources is deprecated
            import pybdm

        bdm = pybdm.BDM(ndim=1)
        zeros = torch.zeros(24, dtype=torch.int64).numpy()
        assert bdm.bdm(zeros) == pytest.approx(25.610413747641715 + math.log2(2))  # 2 equal blocks


class TestProject:
    def test_takes_python_env(self, project: Project) -> None:
        assert project.env_type == "python_env"
        assert project.env_config_path == str(ROOT / "python_env.yaml")

    @pytest.mark.parametrize("name", ENTRY_POINTS)
    def test_runs_an_existing_script_on_this_checkout(self, project: Project, name: str) -> None:
        command = shlex.split(project.get_entry_point(name).compute_command({}, None))
        assert command[:3] == ["PYTHONPATH=src", "python", f"entrypoints/{name}.py"]
        assert (ROOT / command[2]).is_file()

    @pytest.mark.parametrize("name", ENTRY_POINTS)
    def test_each_parameter_reaches_its_option(self, project: Project, name: str) -> None:
        """Whatever the value: empty, with blanks, with the shell's own characters."""
        entry_point = project.get_entry_point(name)
        for odd in ("", "a b", "$HOME;'\"&", "{x}"):
            values = dict.fromkeys(entry_point.parameters, odd)
            words = shlex.split(entry_point.compute_command(values, None))[3:]
            options = {f"--{name.replace('_', '-')}": odd for name in entry_point.parameters}
            assert dict(zip(words[::2], words[1::2], strict=True)) == options
            assert len(words) == 2 * len(options)

    def test_prune_takes_what_train_takes(self, project: Project) -> None:
        train = project.get_entry_point("train").parameters
        prune = project.get_entry_point("prune").parameters
        assert {k: p.default for k, p in train.items()}.items() <= {
            k: p.default for k, p in prune.items()
        }.items()


def test_types_are_checked_for_the_python_that_runs() -> None:
    """The lock holds a newer NumPy for newer ones; as 3.11 its types cannot be read."""
    assert "python_version" not in tomllib.loads(read("pyproject.toml"))["tool"]["mypy"]


def test_no_generated_file_is_tracked() -> None:
    git = ["git", "-c", "safe.directory=*", "ls-files"]
    ignored = ["--cached", "--ignored", "--exclude-standard"]
    listing = subprocess.run([*git, *ignored], cwd=ROOT, check=True, capture_output=True, text=True)
    assert listing.stdout.splitlines() == []
    listing = subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True)
    kinds = (".pyc", ".db", ".pt", ".pth", ".pkl", ".safetensors", ".gz", ".log", "uv.lock")
    assert "Makefile" in listing.stdout.splitlines()
    assert [f for f in listing.stdout.splitlines() if f.endswith(kinds)] == []
