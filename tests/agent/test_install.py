"""The installer, run for real in a folder that stands for a machine.

Stand-ins are systemctl, apt and what changes groups, which note what they were told. Python's
packages are those that these tests have; nothing is fetched.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import json
import os
from pathlib import Path
import shutil
import socket
import stat
import subprocess
import sys
import sysconfig
from zipfile import ZipFile

import pytest

from camera_agent import __version__
from camera_agent.config import load
from tests.ports import free_port

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
INSTALLER = ROOT / "camera_agent" / "install"
NEWER = "0.99.0"
# What each stand-in is told is noted; what it does is the rest of its script.
STAND_INS = {
    "apt-get": "",
    "apt-cache": 'grep -qx "$2" "$MACHINE/archive" && printf "Package: %s\\nVersion: 2.1\\n" "$2"',
    "chgrp": "",
    "groupadd": 'echo "gatehouse:x:990:" >>"$MACHINE/root/etc/group"',
    "groupdel": "",
    "systemctl": """
        case "$*" in
        is-active*) [ -e "$MACHINE/active" ] ;;
        restart*)
            case $(readlink "$MACHINE/root/opt/gatehouse-agent/current") in
            "$(cat "$MACHINE/refused" 2>/dev/null || echo none)"*) exit 1 ;;
            esac
            touch "$MACHINE/active" ;;
        disable*) rm -f "$MACHINE/active" ;;
        esac""",
}


@dataclass(frozen=True)
class Installed:
    """What an installer said, and how it ended."""

    code: int
    said: str


class Machine:
    """A Debian in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.place = self.root / "opt" / "gatehouse-agent"
        self.config = self.root / "etc" / "gatehouse" / "agent.toml"
        self.units = self.root / "etc" / "systemd" / "system"
        self.command = self.root / "usr" / "local" / "bin" / "gatehouse-agent"
        (self.root / "etc").mkdir(parents=True)
        self.is_debian(13)
        (self.root / "etc" / "group").write_text("root:x:0:\nvideo:x:44:\ninput:x:104:\n")
        (folder / "archive").write_text("")
        tools = folder / "tools"
        tools.mkdir()
        for name, does in STAND_INS.items():
            note = f'echo "{name} $*" >>"$MACHINE/told"'
            (tools / name).write_text(f"#!/bin/sh\n{note}\n{does}\n")
        base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
        (tools / "python3").write_text(f'#!/bin/sh\nexec {base} "$@"\n')
        for tool in tools.iterdir():
            tool.chmod(0o755)
        self.environment = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "MACHINE": str(folder),
            "PYTHONPATH": sysconfig.get_path("purelib"),
            "PIP_NO_INDEX": "1",
            "PIP_NO_COMPILE": "1",
            "HOME": str(folder),
        }

    def is_debian(self, version: int) -> None:
        text = f'PRETTY_NAME="Debian {version}"\nID=debian\nVERSION_ID="{version}"\n'
        (self.root / "etc" / "os-release").write_text(text)

    def install(self, release: Path, *options: str) -> Installed:
        self.told_file.unlink(missing_ok=True)
        done = subprocess.run(
            ["sh", release / "install", "--root", self.root, "--start", *options],
            env=self.environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Installed(done.returncode, done.stdout)

    @property
    def told_file(self) -> Path:
        return self.folder / "told"

    @property
    def told(self) -> list[str]:
        return self.told_file.read_text().splitlines() if self.told_file.exists() else []

    @property
    def current(self) -> str:
        return str((self.place / "current").readlink())

    def run(self, *arguments: str) -> str:
        command = [self.command, *arguments]
        return subprocess.check_output(command, env=self.environment, text=True)

    def tree(self) -> dict[str, tuple[float, int]]:
        """Every file and when it was changed, but for what Python keeps for itself."""
        return {
            str(path): (path.lstat().st_mtime, path.lstat().st_ino)
            for path in self.root.rglob("*")
            if "__pycache__" not in path.parts
        }


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What somebody has who unpacked a release."""
    folder = tmp_path_factory.mktemp("release")
    command = [sys.executable, "-m", "scripts.releasing", "agent", "--into", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    shutil.unpack_archive(folder / f"gatehouse-agent-{__version__}.tar.gz", folder)
    return folder / f"gatehouse-agent-{__version__}"


@pytest.fixture(scope="module")
def one(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine with an agent that nobody changes any more."""
    machine = Machine(tmp_path_factory.mktemp("one"))
    (machine.folder / "archive").write_text("python3-picamera2\n")
    done = machine.install(release, "--allow-reboot")
    assert done.code == 0, done.said
    (machine.folder / "first").write_text(done.said)
    return machine


@pytest.fixture
def machine(one: Machine, tmp_path: Path) -> Machine:
    """A machine with an agent, to do something to."""
    machine = Machine(tmp_path / "machine")
    shutil.rmtree(machine.root)
    shutil.copytree(one.root, machine.root, symlinks=True)
    (machine.folder / "active").touch()
    return machine


@pytest.fixture
def newer(release: Path, tmp_path: Path) -> Callable[..., Path]:
    """Make a release of a newer version, whose command line may be another one."""

    def make(main: str | None = None, **words: str) -> Path:
        folder = tmp_path / "newer"
        folder.mkdir()
        shutil.copy(release / "install", folder)
        (wheel,) = release.glob("*.whl")
        with (
            ZipFile(wheel) as old,
            ZipFile(folder / wheel.name.replace(__version__, NEWER), "w") as new,
        ):
            for name in old.namelist():
                text = old.read(name).decode().replace(__version__, NEWER)
                for word, instead in words.items():
                    text = text.replace(word, instead)
                is_main = main is not None and name == "camera_agent/__main__.py"
                new.writestr(name.replace(__version__, NEWER), main if is_main else text)
        return folder

    return make


def test_it_is_right_shell() -> None:
    for shell in filter(shutil.which, ("sh", "dash", "bash")):
        subprocess.run([shell, "-n", INSTALLER], check=True)


class TestAFirstInstallation:
    def test_fetches_what_is_missing_and_the_archives_have(self, one: Machine) -> None:
        assert "apt-get -q update" in one.told
        (command,) = [line for line in one.told if "install" in line]
        assert command == "apt-get -q -y --no-install-recommends install python3-picamera2"

    def test_has_a_command(self, one: Machine) -> None:
        assert one.run("--version").strip() == __version__
        assert one.current.startswith(f"{__version__}-")

    def test_has_a_unit_that_is_in_the_groups_that_there_are(self, one: Machine) -> None:
        unit = (one.units / "gatehouse-agent.service").read_text()
        assert f"ExecStart={one.place}/current/bin/python -P -m camera_agent" in unit
        drop_in = one.units / "gatehouse-agent.service.d" / "groups.conf"
        assert drop_in.read_text() == "[Service]\nSupplementaryGroups=video input gatehouse\n"

    def test_has_a_configuration_that_only_root_and_the_agent_read(self, one: Machine) -> None:
        assert load(one.config).data == one.root / "var" / "lib" / "gatehouse-agent"
        assert stat.S_IMODE(one.config.stat().st_mode) == 0o640
        assert f"chgrp gatehouse {one.config}" in one.told

    def test_is_started_and_waited_for(self, one: Machine) -> None:
        assert [line for line in one.told if line.startswith("systemctl")] == [
            "systemctl daemon-reload",
            "systemctl enable --quiet gatehouse-agent.service",
            "systemctl restart gatehouse-agent.service",
        ]

    def test_says_how_to_go_on(self, one: Machine) -> None:
        said = (one.folder / "first").read_text()
        assert "no WebRTC" not in said
        assert "add it in Home Assistant" in said
        assert "sudo gatehouse-agent doctor" in said

    def test_may_let_home_assistant_reboot(self, one: Machine) -> None:
        rule = one.root / "etc" / "polkit-1" / "rules.d" / "60-gatehouse-agent.rules"
        assert 'subject.user === "gatehouse-agent"' in rule.read_text()


def test_what_is_installed_runs_and_tells_systemd_so(one: Machine, tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "agent.toml"
    config.write_text(
        f'[agent]\nhost = "127.0.0.1"\nport = {port}\nannounce = false\nid = "porch"\n'
        '[[cameras]]\nid = "front"\nsource = "pattern"\n'
    )
    unit = (one.units / "gatehouse-agent.service").read_text()
    (start,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    command = start.removeprefix("ExecStart=").replace(str(one.config), str(config)).split()
    config.write_text(config.read_text().replace("id = ", f'data = "{tmp_path}"\nid = ', 1))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        environment = one.environment | {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        agent = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            assert systemd.recv(4096) == b"READY=1"
        finally:
            agent.terminate()
            assert agent.wait(timeout=20) == 0


class TestRunAgain:
    def test_it_changes_nothing_but_starts_an_agent_that_does_not_run(
        self, machine: Machine, release: Path
    ) -> None:
        # The copy is at another path, and the owner has described his cameras.
        assert machine.install(release).code == 0
        machine.config.write_text('[[cameras]]\nid = "yard"\nsource = "pattern"\n')
        before = machine.tree()

        done = machine.install(release)

        assert done.code == 0, done.said
        assert machine.tree() == before
        assert [line for line in machine.told if "restart" in line or "apt-get" in line] == []

        (machine.folder / "active").unlink()
        assert machine.install(release).code == 0
        assert "systemctl restart gatehouse-agent.service" in machine.told

    def test_a_dry_run_only_talks(
        self, machine: Machine, newer: Callable[..., Path], release: Path
    ) -> None:
        before = machine.tree()

        done = machine.install(newer(), "--dry-run")

        assert done.code == 0, done.said
        assert machine.tree() == before
        assert f"would make the environment {machine.place}/{NEWER}-" in done.said
        assert "would run: systemctl restart" in done.said
        assert [line for line in machine.told if "restart" in line] == []


class TestANewerVersion:
    def test_takes_the_place_of_the_old_one(
        self, machine: Machine, newer: Callable[..., Path]
    ) -> None:
        before = machine.current

        done = machine.install(newer())

        assert done.code == 0, done.said
        assert machine.run("--version").strip() == NEWER
        assert (machine.place / before).is_dir()  # to go back to

    def test_does_without_webrtc_where_that_cannot_be_had(
        self, machine: Machine, newer: Callable[..., Path]
    ) -> None:
        done = machine.install(newer(aiortc="aiortc-of-another-world"))

        assert done.code == 0, done.said
        assert "note: no WebRTC here" in done.said
        assert machine.run("--version").strip() == NEWER

    def test_does_not_without_what_was_asked_for(
        self, machine: Machine, newer: Callable[..., Path]
    ) -> None:
        done = machine.install(newer(aiortc="aiortc-of-another-world"), "--with", "webrtc")

        assert done.code == 1
        assert "The one before" in done.said

    def test_that_does_not_run_here_never_takes_it(
        self, machine: Machine, newer: Callable[..., Path]
    ) -> None:
        before = machine.current

        done = machine.install(newer("raise SystemExit('its library is missing')"))

        assert done.code == 1
        assert "its library is missing" in done.said
        assert f"The one before, {before}, goes on." in done.said
        assert machine.current == before
        assert list(machine.place.glob(f"{NEWER}-*")) == []
        assert [line for line in machine.told if "restart" in line] == []

    def test_that_does_not_become_ready_makes_way_for_the_old_one(
        self, machine: Machine, newer: Callable[..., Path]
    ) -> None:
        before = machine.current
        (machine.folder / "refused").write_text(NEWER)

        done = machine.install(newer())

        assert done.code == 1
        assert f"the one before, {before}, runs again" in done.said
        assert "journalctl -u gatehouse-agent" in done.said
        assert machine.current == before
        assert machine.run("--version").strip() == __version__
        assert list(machine.place.glob(f"{NEWER}-*")) == []
        assert [line for line in machine.told if "restart" in line] == [
            "systemctl restart gatehouse-agent.service",
            "systemctl restart gatehouse-agent.service",
        ]


class TestUninstalled:
    @pytest.fixture
    def recording(self, machine: Machine) -> Path:
        recording = machine.root / "var" / "lib" / "gatehouse-agent" / "recordings" / "one.mp4"
        recording.parent.mkdir(parents=True)
        recording.write_text("a film")
        return recording

    def test_it_leaves_what_is_the_owners(
        self, machine: Machine, release: Path, recording: Path
    ) -> None:
        done = machine.install(release, "--uninstall")

        assert done.code == 0, done.said
        assert "systemctl disable --now --quiet gatehouse-agent.service" in machine.told
        left = {path for path in machine.root.rglob("*") if path.is_file()}
        etc = machine.root / "etc"
        assert left == {machine.config, recording, etc / "os-release", etc / "group"}

    def test_it_leaves_nothing_when_it_is_purged(
        self, machine: Machine, release: Path, recording: Path
    ) -> None:
        done = machine.install(release, "--uninstall", "--purge")

        assert done.code == 0, done.said
        left = {path.name for path in machine.root.rglob("*") if path.is_file()}
        assert left == {"os-release", "group"}
        assert any(line.startswith("groupdel") for line in machine.told)


class TestRefused:
    @pytest.fixture
    def bare(self, tmp_path: Path) -> Iterator[Machine]:
        machine = Machine(tmp_path / "bare")
        yield machine
        assert not machine.place.exists()

    def test_an_old_debian(self, bare: Machine, release: Path) -> None:
        bare.is_debian(11)
        assert "This is Debian 11" in bare.install(release).said

    def test_another_system(self, bare: Machine, release: Path) -> None:
        (bare.root / "etc" / "os-release").write_text("ID=fedora\nVERSION_ID=43\n")
        assert "neither Debian nor Raspberry Pi OS" in bare.install(release).said

    def test_a_script_without_its_release(self, bare: Machine, tmp_path: Path) -> None:
        alone = tmp_path / "alone"
        alone.mkdir()
        shutil.copy(INSTALLER, alone)
        assert "unpack the whole release" in bare.install(alone).said

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            (["--instal"], "There is no option --instal."),
            (["--purge"], "--purge goes with --uninstall."),
        ],
    )
    def test_what_it_does_not_understand(
        self, bare: Machine, release: Path, options: list[str], sentence: str
    ) -> None:
        done = bare.install(release, *options)
        assert done.code == 1
        assert sentence in done.said


def test_the_doctor_of_what_is_installed_answers_a_program(one: Machine) -> None:
    found = json.loads(one.run("doctor", "--quick", "--json"))

    assert {"model", "system", "python", "clock", "disk"} <= {each["subject"] for each in found}
    assert {each["verdict"] for each in found} <= {"ok", "warning"}
