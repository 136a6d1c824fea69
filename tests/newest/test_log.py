"""The reading of the log, which is worth nothing if it finds nothing."""

import pytest

from camera_agent.wire import QUERY_SIGNATURE

from .log import betrayed, complaints

FINE = """\
2026-11-21 06:55:39.171+00:00 WARNING (SyncWorker_0) [homeassistant.loader] We found a custom \
integration gatehouse which has not been tested by Home Assistant
2026-11-21 06:55:39.445+00:00 ERROR (MainThread) [haffmpeg.core] FFmpeg fails
2026-11-21 06:55:41.387+00:00 INFO (MainThread) [custom_components.gatehouse.coordinator] A Pi is \
connected
"""


@pytest.mark.parametrize(
    "record",
    [
        "WARNING (MainThread) [custom_components.gatehouse.coordinator] The Pi is gone",
        "ERROR (MainThread) [homeassistant] Task exception was never retrieved\nTraceback:\n"
        '  File "/config/custom_components/gatehouse/hub.py", line 1',
        "WARNING (MainThread) [homeassistant.helpers.frame] Detected that custom integration "
        "'gatehouse' uses something that will stop working",
        "WARNING (MainThread) [homeassistant.util.loop] Detected blocking call to open",
    ],
)
def test_a_complaint_is_found(record: str) -> None:
    complaint = f"2026-11-21 06:55:40.000+00:00 {record}\n"

    assert complaints(complaint + FINE) == [complaint]
    assert complaints(FINE + complaint) == [complaint]


def test_a_secret_is_found() -> None:
    address = f"http://porch/live.ts?expires=1&{QUERY_SIGNATURE}=82d6b9"

    assert betrayed(f"Started stream: {address}", "hush") == [f"{QUERY_SIGNATURE}=82d6b9"]
    assert betrayed("the word is hush", "hush") == ["hush"]
    assert betrayed(FINE, "hush") == []
