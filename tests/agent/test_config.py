"""agent.toml: what is read, and what is said about mistakes."""

from dataclasses import asdict, fields
from datetime import timedelta
from pathlib import Path
import re

import pytest

from camera_agent.camera_config import CameraConfig, SourceKind
from camera_agent.config import (
    AgentConfig,
    BookingsConfig,
    ConfigError,
    DetectorConfig,
    SpoolConfig,
    TlsConfig,
    load,
)
from camera_agent.default import DEFAULT
from camera_agent.door_config import DoorConfig, Fail
from camera_agent.line_config import LineConfig
from camera_agent.reader_config import ReaderConfig, ReaderKind
from camera_agent.wire import DEFAULT_PORT, Direction

TOKEN = "0123456789abcdef"
FILLED_IN = DEFAULT.replace('# token = "0123456789abcdef" ', f'token = "{TOKEN}"')
PLAIN, _, DOORS = DEFAULT.partition("# A door:")
DOORS, _, REST = DOORS.partition("# What moves while")
SETTINGS = re.findall(
    r"^# (\w+ = (?:\"[^\"]*\"|[^ \n]+|\[.*?\]))(?:  .*)?$", PLAIN + REST, re.MULTILINE
)
WITH_DOORS = FILLED_IN.replace(DOORS, re.sub(r"^# (?=\[|\w+ = )", "", DOORS, flags=re.MULTILINE))
DETECTING = FILLED_IN.replace("# [detector]", "[detector]").replace("# model =", "model =")
DOOR = '[[doors]]\nid = "back"\n'
CAMERA = '[[cameras]]\nid = "front"\nsource = "pattern"\n'


@pytest.fixture
def machine_id(tmp_path: Path) -> Path:
    path = tmp_path / "machine-id"
    path.write_text("4f1c2f1fb6a14d12b3e1b8a9a1c0ffee\n")
    return path


def read(tmp_path: Path, text: str) -> AgentConfig:
    path = tmp_path / "agent.toml"
    path.write_text(text)
    machine = tmp_path / "machine-id"
    return load(path, machine)


def problems(tmp_path: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    return caught.value.problems


@pytest.mark.usefixtures("machine_id")
class TestADefaultConfiguration:
    def test_is_whole_as_it_stands(self, tmp_path: Path) -> None:
        config = read(tmp_path, DEFAULT)
        assert config.token is None
        assert config.tls == TlsConfig()

    def test_is_what_the_dataclasses_say(self, tmp_path: Path) -> None:
        config = read(tmp_path, FILLED_IN)
        assert config.port == DEFAULT_PORT
        assert config.ring == timedelta(seconds=15)
        (front,) = config.cameras
        assert front == CameraConfig(id="front", name="Front door", source=SourceKind.PICAMERA)

    @pytest.mark.parametrize(
        "setting",
        [one for one in SETTINGS if not one.startswith(("path", "start", "end", "audio", "key"))],
    )
    def test_may_have_each_of_its_settings_switched_on(self, tmp_path: Path, setting: str) -> None:
        assert read(tmp_path, DETECTING.replace(f"# {setting}", setting)).cameras

    def test_may_have_the_settings_of_a_file_switched_on(self, tmp_path: Path) -> None:
        text = FILLED_IN.replace('"picamera"', '"video"')
        for setting in ('path = "/dev/video0"', "start = 0", "end = 60", "audio = true"):
            text = text.replace(f"# {setting}", setting)
        (front,) = read(tmp_path, text).cameras
        assert (front.path, front.start, front.end) == ("/dev/video0", 0.0, 60.0)

    def test_may_have_a_certificate_of_its_owner(self, tmp_path: Path) -> None:
        text = DEFAULT
        for setting in ('certificate = "agent.crt"', 'key = "agent.key"', "mutual = false"):
            text = text.replace(f"# {setting}", setting)
        assert read(tmp_path, text).tls == TlsConfig(
            certificate=tmp_path / "agent.crt", key=tmp_path / "agent.key"
        )

    def test_may_have_its_detector_switched_on(self, tmp_path: Path) -> None:
        assert read(tmp_path, FILLED_IN).detector is None
        assert read(tmp_path, DETECTING).detector == DetectorConfig(
            model=tmp_path / "yolox_nano.onnx"
        )

    def test_keeps_recordings_where_whoever_wrote_it_may_write(self, tmp_path: Path) -> None:
        assert read(tmp_path, FILLED_IN).data == tmp_path / "data"

    def test_may_have_its_doors_switched_on(self, tmp_path: Path) -> None:
        assert read(tmp_path, FILLED_IN).doors == ()
        front, trial = read(tmp_path, WITH_DOORS).doors
        assert front == DoorConfig(
            id="front",
            name="Front door",
            readers=(
                ReaderConfig(
                    id="outside",
                    kind=ReaderKind.RDM6300,
                    direction=Direction.IN,
                    device="/dev/serial0",
                    bytes=5,
                ),
                ReaderConfig(
                    id="desk",
                    kind=ReaderKind.HID,
                    device="/dev/input/by-id/usb-reader-event-kbd",
                ),
                ReaderConfig(
                    id="inside",
                    kind=ReaderKind.WIEGAND,
                    direction=Direction.OUT,
                    lines=(LineConfig(line=5), LineConfig(line=6)),
                    keypad=True,
                ),
                ReaderConfig(
                    id="gate",
                    kind=ReaderKind.OSDP,
                    device="/dev/ttyUSB0",
                    baud=9600,
                    address=1,
                    key="00112233445566778899aabbccddeeff",
                ),
            ),
            relay=LineConfig(line=17, active_low=True),
            contact=LineConfig(line=23),
            exit_button=LineConfig(line=24, active_low=True),
            doorbell=LineConfig(line=25, active_low=True),
            buzzer=LineConfig(line=12),
            led=LineConfig(line=16),
        )
        socket = str(tmp_path / "trial.sock")
        assert trial == DoorConfig(
            id="trial",
            name="Trial",
            simulated=socket,
            readers=(ReaderConfig(id="outside", kind=ReaderKind.SIMULATED, device=socket),),
        )

    @pytest.mark.parametrize(
        "noun",
        [
            *(AgentConfig, CameraConfig, SpoolConfig, BookingsConfig, DetectorConfig, DoorConfig),
            *(ReaderConfig, TlsConfig),
        ],
    )
    def test_speaks_of_every_setting(self, noun: type) -> None:
        for one in fields(noun):
            assert re.search(rf"^(# )?\[*(doors\.)?{one.name}\b", DEFAULT, re.MULTILINE), one.name

    @pytest.mark.parametrize(
        "name",
        "width height fps bitrate jpeg_fps quality start motion_threshold port ring threads"
        " threshold".split(),
    )
    def test_tells_the_true_default(self, tmp_path: Path, name: str) -> None:
        config = read(tmp_path, DETECTING)
        assert config.detector
        said = float(dict(line.split(" = ") for line in SETTINGS)[name])
        true = {"port": config.port, "ring": config.ring.seconds}
        true |= asdict(config.cameras[0]) | asdict(config.detector)
        assert said == true[name]

    @pytest.mark.parametrize("name", ["spool", "bookings"])
    def test_tells_the_true_bounds(self, tmp_path: Path, name: str) -> None:
        _, _, said = DEFAULT.partition(f"\n[{name}]\n")
        bounds = re.findall(r"^# (\w+) = (\d+)", said.partition("\n\n")[0], re.MULTILINE)
        true = getattr(read(tmp_path, FILLED_IN), name)
        assert [(key, getattr(true, key)) for key in ("quota_mb", "free_mb")] == [
            (key, int(value)) for key, value in bounds
        ]


@pytest.mark.usefixtures("machine_id")
class TestWhatIsRight:
    def test_is_read_with_its_type(self, tmp_path: Path) -> None:
        text = f"""
            [agent]
            id = "porch"
            name = "Porch"
            token = "{TOKEN}"
            host = "127.0.0.1"
            port = 8000
            data = "recordings"
            announce = false
            ring = 30
            {CAMERA}
            crop = [10, 20, 640, 360]
            fps = 10
        """
        config = read(tmp_path, text)
        assert config == AgentConfig(
            id="porch",
            name="Porch",
            token=TOKEN,
            host="127.0.0.1",
            port=8000,
            data=tmp_path / "recordings",
            announce=False,
            ring=timedelta(seconds=30),
            cameras=(
                CameraConfig(
                    id="front",
                    name="Front",
                    source=SourceKind.PATTERN,
                    crop=(10, 20, 640, 360),
                    fps=10.0,
                ),
            ),
        )

    def test_a_machine_always_gets_the_same_id_and_keeps_its_own_secret(
        self, tmp_path: Path, machine_id: Path
    ) -> None:
        first, second = read(tmp_path, FILLED_IN), read(tmp_path, FILLED_IN)
        assert first.id == second.id
        assert re.fullmatch("[0-9a-f]{12}", first.id)
        assert first.id not in machine_id.read_text()

    def test_another_machine_gets_another_id(self, tmp_path: Path, machine_id: Path) -> None:
        first = read(tmp_path, FILLED_IN)
        machine_id.write_text("another\n")
        assert read(tmp_path, FILLED_IN).id != first.id

    @pytest.mark.parametrize("address", ["rtsp://me:secret@camera/1", "http://camera/video"])
    def test_an_address_stays_as_it_is(self, tmp_path: Path, address: str) -> None:
        text = FILLED_IN.replace('"picamera"', f'"video"\npath = "{address}"')
        assert read(tmp_path, text).cameras[0].path == address

    def test_a_file_is_looked_for_beside_the_configuration(self, tmp_path: Path) -> None:
        text = FILLED_IN.replace('"picamera"', '"video"\npath = "clips/yard.mp4"')
        assert read(tmp_path, text).cameras[0].path == str(tmp_path / "clips/yard.mp4")

    def test_secrets_are_not_printed(self, tmp_path: Path) -> None:
        assert "00112233445566778899aabbccddeeff" not in repr(read(tmp_path, WITH_DOORS))
        text = FILLED_IN.replace('"picamera"', '"video"\npath = "rtsp://me:hush@camera/1"')
        printed = repr(read(tmp_path, text))
        assert TOKEN not in printed
        assert "hush" not in printed

    def test_a_door_needs_no_camera(self, tmp_path: Path) -> None:
        config = read(tmp_path, f'[agent]\ntoken = "{TOKEN}"\n{DOOR}')
        assert config.cameras == ()
        assert config.doors == (DoorConfig(id="back", name="Back"),)

    def test_a_line_may_be_told_in_full(self, tmp_path: Path) -> None:
        lines = """
            fail = "safe"
            relay = { line = 3, chip = "expander", active_low = true }
            exit_button = { line = 4, active_low = false, debounce = 0.05 }
            contact = { line = 3, active_low = true }
        """
        (back,) = read(tmp_path, f'[agent]\ntoken = "{TOKEN}"\n{DOOR}{lines}').doors
        assert back == DoorConfig(
            id="back",
            name="Back",
            fail=Fail.SAFE,
            relay=LineConfig(line=3, chip="expander", active_low=True),
            exit_button=LineConfig(line=4, debounce=timedelta(milliseconds=50)),
            contact=LineConfig(line=3, active_low=True),
        )

    def test_a_reader_may_be_played_at_a_real_door(self, tmp_path: Path) -> None:
        text = f"""{DOOR}relay = 3
            [[doors.readers]]
            id = "outside"
            kind = "simulated"
            device = "run/outside.sock"
        """
        (back,) = read(tmp_path, f'[agent]\ntoken = "{TOKEN}"\n{text}').doors
        assert back.readers[0].device == str(tmp_path / "run" / "outside.sock")

    def test_readers_of_one_bus_are_told_apart_by_their_address(self, tmp_path: Path) -> None:
        reader = (
            '[[doors.readers]]\nid = "r{0}"\nkind = "osdp"\ndevice = "/dev/tty"\naddress = {0}\n'
        )
        readers = reader.format(0) + reader.format(1)
        (back,) = read(tmp_path, f'[agent]\ntoken = "{TOKEN}"\n{DOOR}{readers}').doors
        assert [reader.address for reader in back.readers] == [0, 1]


@pytest.mark.usefixtures("machine_id")
class TestMistakesAtDoors:
    def test_are_told_all_at_once_and_by_their_key(self, tmp_path: Path) -> None:
        text = f"""
            [agent]
            token = "{TOKEN}"
            [[doors]]
            relay = {{ lin = 3 }}
            contact = "23"
            unlock = 60
            simulatd = "a.sock"
            [[doors.readers]]
            kind = "rfid"
            [[doors]]
            id = "back"
            relay = 17
            buzzer = 17
            simulated = "a.sock"
            readers = "all"
            [[doors]]
            id = "back"
            contact = {{ line = 17, debounce = 9 }}
            simulated = "a.sock"
        """
        assert problems(tmp_path, text) == (
            "doors[0].simulatd: unknown key; did you mean 'simulated'?",
            "doors[0].id: is missing",
            "doors[0].relay.lin: unknown key; did you mean 'line'?",
            "doors[0].relay.line: is missing",
            "doors[0].contact: must be a table",
            "doors[0].unlock: must not be more than longest, 30 s",
            "doors[0].readers[0].id: is missing",
            "doors[0].readers[0].kind: must be one of rdm6300, hid, pn532, mfrc522, wiegand,"
            " osdp, simulated",
            "doors[1].readers: must be a list",
            "doors[1].relay: a simulated door has no lines",
            "doors[1].buzzer: a simulated door has no lines",
            "doors[2].contact: a simulated door has no lines",
            "doors[2].contact.debounce: must be a number from 0 to 1",
            "doors: the id 'back' is used 2 times; each door needs its own",
            f"doors: the simulated '{tmp_path}/a.sock' is used 2 times; each door needs its own",
            "doors: line 17 of the pin header is used 2 times",
        )

    @pytest.mark.parametrize(
        ("lines", "problem"),
        [
            ('kind = "rdm6300"', "device: is missing; a serial port like /dev/serial0"),
            ('kind = "simulated"', "device: is missing; a socket's path, or let its door be a"),
            ('kind = "wiegand"', "lines: must be two, D0 and D1"),
            ('kind = "wiegand"\nlines = [5]', "lines: must be two, D0 and D1"),
            ('kind = "wiegand"\nlines = [5, -6]', "lines[1].line: must be a whole number from 0"),
            ('kind = "hid"\ndevice = "/a"\nbaud = 9600', "baud: a reader of kind 'hid' has none"),
            ('kind = "osdp"\ndevice = "/a"\nkey = "12"', "key: must be 32 hex digits; make them"),
            (
                'kind = "hid"\ndevice = "/a"\nformat = "octal"',
                "format: must be one of hex, decimal",
            ),
            ('kind = "hid"\ndevice = "/a"\nbytes = 0', "bytes: must be a whole number from 1"),
            ('kind = "hid"\ndevice = "/a"\ndirection = "up"', "direction: must be one of in, out"),
        ],
    )
    def test_of_a_reader_say_what_would_be_right(
        self, tmp_path: Path, lines: str, problem: str
    ) -> None:
        text = f'[agent]\ntoken = "{TOKEN}"\n{DOOR}[[doors.readers]]\nid = "r"\n{lines}'
        (told,) = problems(tmp_path, text)
        assert told.startswith(f"doors[0].readers[0].{problem}")

    def test_what_can_belong_to_one_alone_is_told(self, tmp_path: Path) -> None:
        text = f"""
            [agent]
            token = "{TOKEN}"
            {DOOR}
            relay = 5
            [[doors.readers]]
            id = "r"
            kind = "wiegand"
            lines = [5, {{ line = 5, chip = "expander" }}]
            [[doors.readers]]
            id = "r"
            kind = "hid"
            device = "/dev/input/event0"
            [[doors]]
            id = "front"
            [[doors.readers]]
            id = "r"
            kind = "hid"
            device = "/dev/input/event0"
        """
        assert problems(tmp_path, text) == (
            "doors[0].readers: the id 'r' is used 2 times; each reader needs its own",
        )
        assert problems(tmp_path, text.replace('id = "r"', 'id = "q"', 1)) == (
            "doors: line 5 of the pin header is used 2 times",
            "doors: /dev/input/event0 is used 2 times",
        )

    def test_a_door_is_a_table_in_a_list(self, tmp_path: Path) -> None:
        assert problems(tmp_path, f'doors = 1\n[agent]\ntoken = "{TOKEN}"\n{CAMERA}') == (
            "doors: must be [[doors]] tables",
        )
        assert problems(tmp_path, f'doors = [1]\n[agent]\ntoken = "{TOKEN}"\n{CAMERA}') == (
            "doors[0]: must be a table",
        )


@pytest.mark.usefixtures("machine_id")
class TestMistakes:
    def test_are_told_all_at_once_and_by_their_key(self, tmp_path: Path) -> None:
        text = """
            [agnt]
            [agent]
            prt = 8000
            port = 0
            [[cameras]]
            sorce = "video"
            [[cameras]]
            id = "yard"
            source = "video"
            width = 641
            [[cameras]]
            id = "yard"
            source = "pattern"
            end = 3
            start = 4
        """
        assert problems(tmp_path, text) == (
            "agnt: unknown key; did you mean 'agent'?",
            "agent.prt: unknown key; did you mean 'port'?",
            "agent.port: must be a whole number from 1 to 65535",
            "cameras[0].sorce: unknown key; did you mean 'source'?",
            "cameras[0].id: is missing",
            "cameras[0].source: is missing",
            "cameras[1].width: must be an even number from 64 to 4096",
            "cameras[1].path: is missing; a video is a file, /dev/videoN or rtsp://...",
            "cameras[2].start: only a camera with source = 'video' can have it",
            "cameras[2].end: only a camera with source = 'video' can have it",
            "cameras[2].end: must be later than start",
            "cameras: the id 'yard' is used 2 times; each camera needs its own",
        )

    def test_a_key_like_no_other_gets_the_list_of_them(self, tmp_path: Path) -> None:
        (problem,) = problems(tmp_path, f"zzz = 1\n{FILLED_IN}")
        assert problem == (
            "zzz: unknown key; known are agent, tls, cameras, doors, spool, bookings, detector"
        )

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            ("name = 3", "name: must be a text"),
            ('name = " "', "name: must be a text"),
            ("fps = true", "fps: must be a number from 1 to 60"),
            ("fps = 61", "fps: must be a number from 1 to 60"),
            ("fps = nan", "fps: must be a number from 1 to 60"),
            ('jpeg_fps = "fast"', "jpeg_fps: must be a number from 0.1 to 60"),
            ("quality = 80.5", "quality: must be a whole number from 10 to 100"),
            ("height = 721", "height: must be an even number from 64 to 4096"),
            ("crop = [0, 0, 0, 10]", "crop: must be [x, y, width, height] in pixels of the source"),
            ("crop = [1, 2]", "crop: must be [x, y, width, height] in pixels of the source"),
            ('crop = "all"', "crop: must be [x, y, width, height] in pixels of the source"),
            ("motion_threshold = 2", "motion_threshold: must be a number from 0.0005 to 1"),
        ],
    )
    def test_say_what_would_be_right(self, tmp_path: Path, line: str, problem: str) -> None:
        text = f'[agent]\ntoken = "{TOKEN}"\n{CAMERA}{line}'
        assert problems(tmp_path, text) == (f"cameras[0].{problem}",)

    @pytest.mark.parametrize("wrong", ["Front", "", "a/b", "-a", "x" * 33])
    def test_an_id_is_a_plain_word(self, tmp_path: Path, wrong: str) -> None:
        text = f'[agent]\ntoken = "{TOKEN}"\n[[cameras]]\nid = "{wrong}"\nsource = "pattern"'
        (problem,) = problems(tmp_path, text)
        assert problem.startswith("cameras[0].id: must be 1 to 32 of a-z")

    def test_a_source_is_one_of_three(self, tmp_path: Path) -> None:
        text = f'[agent]\ntoken = "{TOKEN}"\n[[cameras]]\nid = "a"\nsource = "usb"'
        assert problems(tmp_path, text) == (
            "cameras[0].source: must be one of picamera, video, pattern",
        )

    @pytest.mark.parametrize(
        ("lines", "problem"),
        [
            ("", "model: is missing"),
            ('model = "a.onnx"\nthreads = -1', "threads: must be a whole number from 0 to 64"),
            ('model = "a.onnx"\nthreshold = 0', "threshold: must be a number from 0.01 to 1"),
            ('model = "a.onnx"\nmodle = 1', "modle: unknown key; did you mean 'model'?"),
        ],
    )
    def test_a_detector_has_a_model_and_sensible_settings(
        self, tmp_path: Path, lines: str, problem: str
    ) -> None:
        text = f'[agent]\ntoken = "{TOKEN}"\n{CAMERA}[detector]\n{lines}'
        assert problems(tmp_path, text) == (f"detector.{problem}",)

    @pytest.mark.parametrize("wrong", [f" {TOKEN}", f"{TOKEN} "])
    def test_a_token_has_no_blanks_around_it(self, tmp_path: Path, wrong: str) -> None:
        text = f'[agent]\ntoken = "{wrong}"\n{CAMERA}'
        assert problems(tmp_path, text) == ("agent.token: must not have blanks around it",)

    def test_a_name_that_is_too_long_to_be_announced_is_told(self, tmp_path: Path) -> None:
        text = f'[agent]\ntoken = "{TOKEN}"\nname = "{"ä" * 51}"\n{CAMERA}'
        (problem,) = problems(tmp_path, text)
        assert problem.startswith("agent.name: must be at most 100 characters")

    @pytest.mark.parametrize(
        ("lines", "problem"),
        [
            ('key = "agent.key"', "certificate: is missing; a key alone is not enough"),
            (
                "enabled = false\nmutual = true",
                "mutual: is not possible without TLS; set tls.enabled = true",
            ),
            ("enabled = 1", "enabled: must be true or false"),
            ('certificat = "a"', "certificat: unknown key; did you mean 'certificate'?"),
        ],
    )
    def test_of_tls_are_told(self, tmp_path: Path, lines: str, problem: str) -> None:
        assert problems(tmp_path, f"{CAMERA}[tls]\n{lines}") == (f"tls.{problem}",)

    def test_an_owner_by_token_has_no_certificate_to_show(self, tmp_path: Path) -> None:
        text = f'[agent]\ntoken = "{TOKEN}"\n{CAMERA}[tls]\nmutual = true'
        (problem,) = problems(tmp_path, text)
        assert problem.startswith("tls.mutual: needs Home Assistant's certificate")

    def test_yes_is_not_true(self, tmp_path: Path) -> None:
        text = f'[agent]\ntoken = "{TOKEN}"\nannounce = "yes"\n{CAMERA}'
        assert problems(tmp_path, text) == ("agent.announce: must be true or false",)

    @pytest.mark.parametrize("cameras", ["", "cameras = []", 'cameras = "front"'])
    def test_an_agent_needs_a_camera_or_a_door(self, tmp_path: Path, cameras: str) -> None:
        assert problems(tmp_path, f'{cameras}\n[agent]\ntoken = "{TOKEN}"') == (
            "cameras: at least one [[cameras]] or [[doors]] table is needed",
        )

    def test_a_table_is_a_table(self, tmp_path: Path) -> None:
        assert problems(tmp_path, "agent = 1\ncameras = [1]") == (
            "agent: must be a table",
            "cameras[0]: must be a table",
        )

    def test_a_machine_without_an_id_is_told_to_choose_one(self, tmp_path: Path) -> None:
        (tmp_path / "machine-id").unlink()
        (problem,) = problems(tmp_path, FILLED_IN)
        assert problem.startswith("agent.id: is missing")

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"missing\.toml: cannot be read: No such file"):
            load(tmp_path / "missing.toml")

    def test_a_file_that_is_not_toml_tells_the_line(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"is not valid TOML: .*line 2"):
            read(tmp_path, "[agent]\nname = Porch")
