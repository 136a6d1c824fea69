"""What is released is whole, the same each time, and runs in an environment of its own."""

import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
from zipfile import ZipFile

import pytest

from camera_agent import __version__
from scripts.releasing import ReleaseError, debian, integration as packing
from scripts.releasing.agent import archive, wheel
from scripts.releasing.integration import integration
from scripts.releasing.versions import disagreements

ROOT = Path(__file__).parents[2]
FILES = (
    "CHANGELOG.md",
    "camera_agent/__init__.py",
    "custom_components/gatehouse/manifest.json",
    "hacs.json",
    "pyproject.toml",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel(ROOT, tmp_path_factory.mktemp("built"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the versions are read from."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


class TestTheWheel:
    def test_holds_the_agent_alone(self, built: Path) -> None:
        names = ZipFile(built).namelist()
        about = f"gatehouse_agent-{__version__}.dist-info"

        assert {name.partition("/")[0] for name in names} == {"camera_agent", about}
        assert "camera_agent/systemd/gatehouse-agent.service" in names
        assert "camera_agent/hardware/picamera.py" in names

    def test_is_the_same_each_time(self, built: Path, tmp_path: Path) -> None:
        assert wheel(ROOT, tmp_path).read_bytes() == built.read_bytes()

    def test_offers_what_not_everybody_needs(self, built: Path) -> None:
        about = ZipFile(built).read(f"gatehouse_agent-{__version__}.dist-info/METADATA").decode()
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
            "optional-dependencies"
        ]

        assert {"doors", "nvidia", "osdp", "vision", "webrtc"} <= extras.keys()
        assert [extra for extra in extras if f"Provides-Extra: {extra}\n" not in about] == []

    def test_runs_in_an_environment_of_its_own(self, built: Path, tmp_path: Path) -> None:
        place = tmp_path / "lib"
        shutil.unpack_archive(built, place, "zip")
        config = tmp_path / "agent.toml"
        config.write_text('[agent]\nid = "porch"\n[[cameras]]\nid = "front"\nsource = "pattern"\n')
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{place}:{sysconfig.get_path('purelib')}",
        }

        def agent(*arguments: str) -> str:
            command = [sys.executable, "-P", "-m", "camera_agent", *arguments]
            return subprocess.check_output(command, cwd=tmp_path, env=environment, text=True)

        assert agent("--version").strip() == __version__
        assert "camera front" in agent("check", "--config", str(config))

    def test_that_cannot_be_built_is_told(self, tmp_path: Path) -> None:
        shutil.copytree(ROOT / "camera_agent", tmp_path / "camera_agent")
        for name in ("README.md", "LICENSE"):
            shutil.copy(ROOT / name, tmp_path)
        (tmp_path / "pyproject.toml").write_text("[project]\nname = 1\n")

        with pytest.raises(ReleaseError, match="could not be built"):
            wheel(tmp_path, tmp_path)


def test_the_archive_holds_the_wheel_and_what_installs_it(built: Path, tmp_path: Path) -> None:
    packed = archive(ROOT, built, tmp_path)
    before = packed.read_bytes()
    name = f"gatehouse-agent-{__version__}"

    with tarfile.open(packed) as tar:
        modes = {member.name: member.mode for member in tar.getmembers()}

    assert modes == {
        f"{name}/install": 0o755,
        f"{name}/LICENSE": 0o644,
        f"{name}/{built.name}": 0o644,
    }
    assert archive(ROOT, built, tmp_path).read_bytes() == before


class TestTheIntegration:
    def test_is_at_the_root_of_what_the_marketplace_unpacks(self, tmp_path: Path) -> None:
        packed = integration(ROOT, tmp_path)
        names = ZipFile(packed).namelist()

        assert packed.name == json.loads((ROOT / "hacs.json").read_text())["filename"]
        manifest = json.loads(ZipFile(packed).read("manifest.json"))
        assert manifest["domain"] == "gatehouse"
        assert {"__init__.py", "services.yaml", "translations/en.json"} <= {*names}
        assert [name for name in names if "__pycache__" in name or "/test" in name] == []

    def test_is_the_same_each_time(self, tmp_path: Path) -> None:
        folder = tmp_path / "custom_components" / "gatehouse"
        folder.mkdir(parents=True)
        (folder / "two.py").write_text("2")
        (folder / "one.py").write_text("1")
        before = integration(tmp_path, tmp_path).read_bytes()

        os.utime(folder / "one.py", (0, 0))
        (folder / "two.py").chmod(0o600)
        (folder / "one.py~").write_text("of an editor")
        (folder / ".hidden").mkdir()
        (folder / ".hidden" / "three.py").write_text("3")

        assert integration(tmp_path, tmp_path).read_bytes() == before

    def test_may_not_be_too_large(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(packing, "LARGEST", 1000)

        with pytest.raises(ReleaseError, match="larger than the Marketplace takes"):
            integration(ROOT, tmp_path)


class TestTheVersions:
    def test_agree(self) -> None:
        assert disagreements(ROOT) == []

    def test_of_a_tag_that_is_released_agree(self, checkout: Path) -> None:
        replace(checkout / "CHANGELOG.md", "[Unreleased]", f"[{__version__}] - 2026-12-01")

        assert disagreements(checkout, f"v{__version__}") == []

    @pytest.mark.parametrize(
        ("file", "old", "new", "sentence"),
        [
            ("camera_agent/__init__.py", __version__, "9.9.9", "camera_agent.__version__ is 9.9.9"),
            ("CHANGELOG.md", __version__, "", "CHANGELOG.md: the newest section"),
            ("CHANGELOG.md", "[Unreleased]", "[0.0.9]", "CHANGELOG.md: the newest section"),
            ("hacs.json", "true", "false", "hacs.json: zip_release must be true"),
            ("hacs.json", "gatehouse.zip", "g.zip", 'hacs.json: filename must be "gatehouse.zip"'),
            (FILES[2], '"issue_tracker"', '"tracker"', "manifest.json: issue_tracker is missing"),
            ("pyproject.toml", "camera_agent.__version__", "x", "pyproject.toml: the version"),
        ],
    )
    def test_that_disagree_are_told(
        self, checkout: Path, file: str, old: str, new: str, sentence: str
    ) -> None:
        replace(checkout / file, old, new)

        (told,) = disagreements(checkout)
        assert told.startswith(sentence)

    def test_of_another_tag_are_told(self, checkout: Path) -> None:
        assert disagreements(checkout, "v9.9.9") == [
            f"the tag is v9.9.9, the version {__version__}",
            f"CHANGELOG.md: the newest section is [Unreleased], not [{__version__}]",
        ]


def release(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.releasing", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_command_makes_all_and_says_where(tmp_path: Path) -> None:
    done = release("all", "--into", str(tmp_path / "dist"))

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        str(tmp_path / "dist" / name)
        for name in (
            f"gatehouse_agent-{__version__}-py3-none-any.whl",
            f"gatehouse-agent-{__version__}.tar.gz",
            "gatehouse.zip",
        )
    ]


def test_the_command_refuses_what_is_not_fit(tmp_path: Path) -> None:
    done = release("check", "v9.9.9", "--into", str(tmp_path))

    assert done.returncode == 1
    assert "the tag is v9.9.9" in done.stderr


AGENT = 'exec python3 -P -m camera_agent "$@"'


class Machine:
    """A folder on which packages are installed as dpkg does it, their scripts and all."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.drop_in = root / "etc" / "systemd" / "system" / "gatehouse-agent.service.d"
        self._tools, self._scripts = root / "tools", root / "scripts"
        self._tools.mkdir(parents=True)
        # Groups are the real machine's, so nobody changes them here.
        for name, does in (
            ("getent", "exit 1" if os.geteuid() else "exit 0"),
            ("groupadd", "exit 0"),
            ("groupdel", "exit 0"),
            ("chgrp", "exit 0"),
            ("python3", f'exec {sys.executable} "$@"'),
            ("gatehouse-agent", f"PYTHONPATH={root}/usr/lib/gatehouse-agent {AGENT}"),
        ):
            (self._tools / name).write_text(f"#!/bin/sh\n{does}\n")
            (self._tools / name).chmod(0o755)

    def install(self, package: Path) -> None:
        """Install a package, over the one before if there is one."""
        is_upgrade = self._scripts.exists()
        if is_upgrade:
            self.says("prerm", "upgrade")
            self._scripts.rename(self.root / "before")
        subprocess.run(["dpkg-deb", "--extract", package, self.root], check=True)
        subprocess.run(["dpkg-deb", "--control", package, self._scripts], check=True)
        if is_upgrade:
            self._run_here(self.root / "before" / "postrm", "upgrade")
        self.says("postinst", "configure")

    def says(self, script: str, *words: str) -> None:
        """Run one of the scripts of the package that is there."""
        self._run_here(self._scripts / script, *words)

    def agent(self, *words: str) -> str:
        """Run the agent's command, and return what it says."""
        return self._run_here(self.root / "usr" / "bin" / "gatehouse-agent", *words)

    def _run_here(self, script: Path, *words: str) -> str:
        """Run a script as if this folder were the whole machine."""
        places = r"(?<![\w.])/(usr/lib|etc|var|run)/"
        text = re.sub(places, rf"{self.root}/\1/", script.read_text())
        command = ("sh", "-c", text, script.name, *words)
        path = f"{self._tools}:{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if "PYTHON" not in name}
        return subprocess.check_output(command, env=kept | {"PATH": path}, text=True)


def released(folder: Path, version: str) -> Path:
    """Return the sources as they are of another version."""
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "camera_agent", folder / "camera_agent", ignore=unwanted)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    about = folder / "camera_agent" / "__init__.py"
    about.write_text(about.read_text().replace(__version__, version))
    return folder


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    libraries = folder / "libraries"
    (libraries / "aiohttp").mkdir(parents=True)
    (libraries / "aiohttp" / "__init__.py").touch()
    return debian.package(ROOT, folder, "arm64", libraries)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package without libraries: it runs by those of the tests."""
    return debian.package(
        ROOT, tmp_path_factory.mktemp("bare"), "arm64", tmp_path_factory.mktemp("none")
    )


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb is missing: this is no Debian")
class TestThePackage:
    def test_tells_what_it_needs(self, package: Path) -> None:
        about = subprocess.check_output(["dpkg-deb", "--info", package], text=True)

        assert package.name == f"gatehouse-agent_{__version__}_arm64.deb"
        assert f" Version: {__version__}\n" in about
        assert " Architecture: arm64\n" in about
        assert "python3-zeroconf" in about
        assert "Recommends: python3-picamera2" in about

    def test_lays_everything_in_its_place(self, package: Path, tmp_path: Path) -> None:
        subprocess.run(["dpkg-deb", "--raw-extract", package, tmp_path], check=True)
        home = tmp_path / "usr" / "lib" / "gatehouse-agent"
        unit = tmp_path / "usr" / "lib" / "systemd" / "system" / "gatehouse-agent.service"

        assert (home / "camera_agent" / "__main__.py").is_file()
        assert (home / "aiohttp" / "__init__.py").is_file()
        assert "\nExecStart=/usr/bin/gatehouse-agent --config" in unit.read_text()
        assert os.access(tmp_path / "usr" / "bin" / "gatehouse-agent", os.X_OK)
        for name in ("postinst", "prerm", "postrm"):
            subprocess.run(["sh", "-n", tmp_path / "DEBIAN" / name], check=True)

    def test_is_upgraded_to_its_new_code_and_keeps_what_somebody_changed(
        self, bare: Path, tmp_path: Path
    ) -> None:
        machine, none = Machine(tmp_path / "machine"), tmp_path / "none"
        none.mkdir()
        newer = debian.package(released(tmp_path / "source", "9.9.9"), tmp_path, "arm64", none)
        assert len("9.9.9") == len(__version__)  # as large as before, and of the same time
        machine.install(bare)
        assert machine.agent("--version") == f"{__version__}\n"
        override = machine.drop_in / "override.conf"
        override.write_text("[Service]\nDeviceAllow=/dev/ttyXYZ rw\n")

        machine.install(newer)

        assert machine.agent("--version") == "9.9.9\n"
        assert override.exists()
        assert (machine.drop_in / "groups.conf").exists()

    def test_leaves_nothing_behind_but_what_somebody_changed(
        self, bare: Path, tmp_path: Path
    ) -> None:
        machine = Machine(tmp_path)
        machine.install(bare)
        (machine.drop_in / "override.conf").touch()

        machine.says("prerm", "remove")
        machine.says("postrm", "remove")

        assert not [*tmp_path.rglob("__pycache__"), *tmp_path.rglob("groups.conf")]
        assert (machine.drop_in / "override.conf").exists()
        machine.says("postrm", "purge")
        assert not machine.drop_in.exists()

    def test_takes_a_tool_that_is_not_everywhere(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))

        with pytest.raises(ReleaseError, match="apt install dpkg"):
            debian.package(ROOT, tmp_path, "arm64", tmp_path)
