"""The doctor finds what is wrong, at a machine that lies in a folder, and says what to do."""

import asyncio
from collections.abc import Iterator
import json
import os
from pathlib import Path
import socket
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from camera_agent import doctor, machine_findings
from camera_agent.__main__ import main
from camera_agent.config import load
from camera_agent.findings import Finding, Verdict
from camera_agent.hardware import CameraError, listing
from camera_agent.hub import Hub
from camera_agent.listen import listen
from camera_agent.machine_findings import machine_findings as found_at
from camera_agent.tls import Certificate
from tests.ports import free_port

from .test_stats import lay, network

GATE, YARD = "/base/soc/i2c@1/imx708@1a", "/base/soc/i2c@0/imx219@10"
AGENT = """
[agent]
id = "porch"
host = "127.0.0.1"
port = {port}
data = "data"
announce = false
"""
PATTERN = '[[cameras]]\nid = "front"\nsource = "pattern"\n'
MEMORY = "MemTotal: {total} kB\nMemAvailable: 590 kB\nCmaTotal: 65536 kB\nCmaFree: {cma} kB\n"


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    """The files of a Raspberry Pi 4 that is well."""
    root = tmp_path / "pi"
    lay(
        root,
        {
            "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0",
            "proc/meminfo": MEMORY.format(total=4_000_000, cma=65536),
            "proc/net/dev": network(eth0=(1, 1)),
            "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
            "sys/class/thermal/thermal_zone0/temp": "52100\n",
            "sys/class/hwmon/hwmon0/name": "rpi_volt\n",
            "sys/class/hwmon/hwmon0/in0_lcrit_alarm": "0\n",
            "etc/os-release": 'PRETTY_NAME="Debian 13"\nID=debian\nVERSION_ID="13"\n',
            "etc/group": "root:x:0:\nvideo:x:44:\ngatehouse:x:990:\n",
            "dev/video11": "",
            "etc/systemd/system/gatehouse-agent.service.d/groups.conf": (
                "[Service]\nSupplementaryGroups=video gatehouse\n"
            ),
        },
    )
    return root


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def config(tmp_path: Path, port: int) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(AGENT.format(port=port) + PATTERN)
    return path


def of(findings: Iterator[Finding], subject: str) -> Finding:
    (found,) = [one for one in findings if one.subject == subject]
    return found


def looked_at(config: Path, subject: str, root: Path = Path("/")) -> Finding:
    return of(doctor.examine(config, root=root), subject)


class TestAtTheMachine:
    def test_a_pi_that_is_well_has_nothing_wrong(self, pi: Path, tmp_path: Path) -> None:
        findings = [one for one in found_at(tmp_path, pi) if one.subject not in {"clock", "disk"}]

        assert {one.verdict for one in findings} == {Verdict.OK}
        told = {one.subject: one.found for one in findings}
        assert told["model"] == "Raspberry Pi 4 Model B Rev 1.5"
        assert told["encoder"] == "H.264 by the hardware"
        assert told["groups"] == "the service is in video, gatehouse"
        assert told["camera memory"] == "67 MB free for cameras (CMA)"

    @pytest.mark.parametrize(
        ("file", "text", "subject", "verdict", "says"),
        [
            ("etc/os-release", "ID=debian\nVERSION_ID=11\n", "system", "problem", "Linux"),
            ("sys/class/hwmon/hwmon0/in0_lcrit_alarm", "1\n", "power", "problem", "under-voltage"),
            ("sys/class/hwmon/hwmon0/name", "other\n", "power", "warning", "unknown"),
            ("sys/class/thermal/thermal_zone0/temp", "85000\n", "temperature", "warning", "85 °C"),
            ("proc/meminfo", MEMORY.format(total=500_000, cma=1), "memory", "warning", "0.5 GB"),
            ("proc/meminfo", MEMORY.format(total=1, cma=20_000), "camera memory", "warning", "20"),
            ("etc/group", "video:x:44:\ngpio:x:9:\n", "groups", "warning", "not in gpio"),
        ],
    )
    def test_what_is_wrong_is_found(
        self, pi: Path, tmp_path: Path, file: str, text: str, subject: str, verdict: str, says: str
    ) -> None:
        (pi / file).write_text(text)

        found = of(found_at(tmp_path, pi), subject)

        assert found.verdict == verdict
        assert says in found.found
        assert found.advice.endswith(".")

    def test_one_without_an_encoder_is_none_the_worse(self, pi: Path, tmp_path: Path) -> None:
        (pi / "dev" / "video11").unlink()

        found = of(found_at(tmp_path, pi), "encoder")

        assert (found.verdict, "processor" in found.found) == (Verdict.OK, True)

    def test_any_other_machine_is_looked_at_too(self, tmp_path: Path) -> None:
        findings = {one.subject: one for one in found_at(tmp_path, tmp_path)}

        assert "no Raspberry Pi" in findings["model"].found
        assert findings["groups"].verdict is Verdict.OK
        assert {"power", "encoder", "temperature", "memory"} & findings.keys() == set()

    def test_a_disk_that_is_nearly_full_is_a_warning(
        self, pi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(machine_findings, "SCARCE", 10**18)

        assert of(found_at(tmp_path, pi), "disk").verdict is Verdict.WARNING

    def test_somebody_who_is_in_no_group_is_told_which(
        self, pi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (pi / "etc/systemd/system/gatehouse-agent.service.d/groups.conf").unlink()
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        monkeypatch.setattr(os, "getegid", lambda: 1000)
        monkeypatch.setattr(os, "getgroups", list)

        found = of(found_at(tmp_path, pi), "groups")

        assert found.verdict is Verdict.WARNING
        assert "video (cameras and the firmware)" in found.found


class TestOfTheConfiguration:
    def test_each_mistake_is_a_problem(self, config: Path) -> None:
        config.write_text(config.read_text().replace("data", "date").replace("pattern", "patern"))

        mistakes = [one for one in doctor.examine(config) if one.subject == "configuration"]

        assert len(mistakes) == 2
        assert {one.verdict for one in mistakes} == {Verdict.PROBLEM}

    def test_a_library_that_is_missing_is_a_problem(
        self, config: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lines = 'relay = 17\n[[doors.readers]]\nid = "in"\nkind = "mfrc522"\ndevice = "/dev/null"\n'
        config.write_text(
            config.read_text() + f'[[doors]]\nid = "hall"\n{lines}[detector]\nmodel = "m.onnx"\n'
        )
        monkeypatch.setitem(sys.modules, "gpiod.line", None)
        monkeypatch.setitem(sys.modules, "spidev", ModuleType("spidev"))

        found = {
            one.found.split()[0]: one for one in doctor.examine(config) if one.subject == "library"
        }

        assert found.keys() == {"cryptography", "gpiod", "spidev", "onnxruntime"}
        assert found["gpiod"].verdict is Verdict.PROBLEM
        assert "python3-libgpiod" in found["gpiod"].advice
        assert found["spidev"].verdict is Verdict.OK

    def test_who_owns_it_is_told(self, config: Path) -> None:
        assert looked_at(config, "owner").verdict is Verdict.WARNING

        config.write_text(
            config.read_text().replace("[agent]", '[agent]\ntoken = "0123456789abcdef"')
        )

        assert looked_at(config, "owner").found == "owned by who has the token in agent.toml"


class TestOfDevices:
    @pytest.mark.parametrize(("there", "verdict"), [(True, "ok"), (False, "problem")])
    def test_a_film_or_a_webcam_is_there_or_not(
        self, config: Path, tmp_path: Path, there: bool, verdict: str
    ) -> None:
        film = tmp_path / "film.mp4"
        for _ in range(there):
            film.touch()
        camera = 'id = "film"\nsource = "video"\npath = "film.mp4"\n'
        config.write_text(config.read_text() + f"[[cameras]]\n{camera}")

        assert looked_at(config, "camera film").verdict == verdict

    def test_a_reader_that_may_not_be_used_is_a_warning(
        self, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        device = tmp_path / "tty"
        device.touch()
        reader = f'id = "in"\nkind = "rdm6300"\ndevice = "{device}"\n'
        config.write_text(
            config.read_text() + f'[[doors]]\nid = "hall"\n[[doors.readers]]\n{reader}'
        )
        monkeypatch.setattr(os, "access", lambda *_: False)

        found = looked_at(config, "reader hall/in")

        assert (found.verdict, found.advice) == (Verdict.WARNING, "Ask with sudo.")

    def test_the_cameras_of_the_kernel_are_listed_by_their_names(
        self, config: Path, pi: Path
    ) -> None:
        for number, (name, index) in enumerate(
            [("HD Webcam C270", 0), ("HD Webcam C270", 1), ("bcm2835-isp-output0", 0)]
        ):
            node = f"sys/class/video4linux/video{number}"
            lay(pi, {f"{node}/name": f"{name}\n", f"{node}/index": f"{index}\n"})
        (pi / "sys/class/video4linux/video7").mkdir()

        assert looked_at(config, "found", pi).found == "HD Webcam C270, path = '/dev/video0'"


class TestOfCamerasOnConnectors:
    """picamera2 is a stand-in, in a process of its own as the real one would be."""

    @pytest.fixture
    def picamera2(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        library = tmp_path / "library"
        library.mkdir()
        monkeypatch.setenv("PYTHONPATH", str(library))
        return library / "picamera2.py"

    def finds(self, picamera2: Path, *ids: str) -> None:
        cameras: list[Any] = [{"Id": one} for one in ids]
        picamera2.write_text(
            f"class Picamera2:\n    @classmethod\n    def global_camera_info(cls):\n"
            f"        return {cameras!r}\n"
        )

    @pytest.mark.parametrize(
        ("ids", "device", "verdict", "says"),
        [
            ([GATE], "", "ok", GATE),
            ([GATE, YARD], f'device = "{YARD}"', "ok", YARD),
            ([GATE, YARD], "", "problem", "is one of 2 cameras"),
            ([GATE], f'device = "{YARD}"', "problem", f"there is no {YARD}"),
            ([], "", "problem", "libcamera finds no camera"),
        ],
    )
    def test_each_is_looked_for_by_its_id(
        self,
        config: Path,
        picamera2: Path,
        ids: list[str],
        device: str,
        verdict: str,
        says: str,
    ) -> None:
        self.finds(picamera2, *ids)
        config.write_text(
            config.read_text() + f'[[cameras]]\nid = "gate"\nsource = "picamera"\n{device}\n'
        )

        found = looked_at(config, "camera gate")

        assert found.verdict == verdict
        assert says in found.found

    def test_a_library_that_takes_its_process_down_is_a_problem(
        self, config: Path, picamera2: Path
    ) -> None:
        picamera2.write_text("import os\nos.abort()\n")
        config.write_text(config.read_text() + '[[cameras]]\nid = "gate"\nsource = "picamera"\n')

        assert looked_at(config, "cameras").verdict is Verdict.PROBLEM

    def test_a_library_that_is_missing_is_named(self, picamera2: Path) -> None:
        picamera2.write_text("raise ImportError('no libcamera')")

        with pytest.raises(CameraError, match=r"picamera2 cannot be loaded \(no libcamera\)"):
            listing.connected()

    def test_what_asks_it_prints_its_ids_or_says_why_not(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        library = ModuleType("picamera2")
        monkeypatch.setitem(sys.modules, "picamera2", library)
        assert listing.main() == 1
        assert "picamera2 cannot be loaded" in capsys.readouterr().err

        cameras = SimpleNamespace(global_camera_info=lambda: [{"Id": GATE, "Model": "imx708"}])
        monkeypatch.setattr(library, "Picamera2", cameras, raising=False)
        assert listing.main() == 0
        assert json.loads(capsys.readouterr().out) == [GATE]

    def test_a_library_that_hangs_is_given_up(
        self, picamera2: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        picamera2.write_text("import time\ntime.sleep(60)")
        monkeypatch.setattr(listing, "PATIENCE", 0.5)

        with pytest.raises(CameraError, match="did not answer within"):
            listing.connected()

    def test_a_library_that_says_nonsense_is_told(self, picamera2: Path) -> None:
        picamera2.write_text("import sys\nprint('well')\nsys.exit(0)")

        with pytest.raises(CameraError, match="cannot be asked"):
            listing.connected()


class TestOfThePort:
    def test_one_that_is_free_is_fine(self, config: Path, port: int) -> None:
        assert looked_at(config, "port").found == f"{port} is free: the agent does not run"

    @pytest.mark.parametrize("tls", ["", "[tls]\nenabled = false\n"])
    async def test_an_agent_that_answers_there_is_fine(
        self, config: Path, port: int, tls: str
    ) -> None:
        config.write_text(config.read_text() + tls)
        agent = load(config)
        certificate = Certificate.of(agent)
        server = await listen(Hub(agent), agent, certificate)
        try:
            found = await asyncio.to_thread(looked_at, config, "port")
        finally:
            await server.cleanup()

        assert found.found == f"an agent answers at {port}"

    def test_another_program_there_is_a_problem(
        self, config: Path, port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(doctor, "PATIENCE", 0.2)
        with socket.socket() as other:
            other.bind(("127.0.0.1", port))
            other.listen()

            found = looked_at(config, "port")

        assert found.verdict is Verdict.PROBLEM
        assert f"sport = {port}" in found.advice

    def test_an_address_that_is_not_of_this_machine_is_a_problem(self, config: Path) -> None:
        config.write_text(config.read_text().replace("127.0.0.1", "203.0.113.7"))

        assert looked_at(config, "port").verdict is Verdict.PROBLEM


class TestTheCommand:
    def test_tells_a_person(self, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["doctor", "--config", str(config)]) == 0

        told = capsys.readouterr().out
        assert f"\nok       configuration: {config}\n" in told
        assert "\nwarning  owner: not paired yet" in told
        assert "\n         -> Type the code" in told

    def test_tells_a_program(self, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["doctor", "--json", "--config", str(config)]) == 0

        found = json.loads(capsys.readouterr().out)
        assert {*found[0]} == {"subject", "verdict", "found", "advice"}

    def test_ends_with_one_for_a_problem(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["doctor", "--config", str(tmp_path / "none.toml")]) == 1

        assert "PROBLEM  configuration: " in capsys.readouterr().out

    def test_is_quick_without_a_configuration(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["doctor", "--quick", "--config", str(tmp_path / "none.toml")]) == 0

        assert "configuration" not in capsys.readouterr().out
