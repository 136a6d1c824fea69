"""One property, tried by atheris with bytes that reach new code: `scripts/fuzz bytes`."""

import sys

import atheris

with atheris.instrument_imports(include=["camera_agent", "tomllib", "json"]):
    from tests.agent.fuzz.properties import PROPERTIES


def main() -> None:
    """Try until libFuzzer's options say that it is enough; a failure ends it with its bytes."""
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, PROPERTIES[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
