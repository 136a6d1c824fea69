"""What a door shows by its own lamp and buzzer, to who stands there."""

from typing import Final

from .hardware import Feedback
from .hardware.wiring import Wiring
from .lamp import NOTHING, Beat, Lamp

LED: Final = {
    Feedback.GRANTED: Beat(on=2.0),
    Feedback.DENIED: Beat(on=0.1, off=0.1, times=4),
    Feedback.PIN_WANTED: Beat(on=0.5, off=0.5, times=10),
    Feedback.LEARNING: Beat(on=0.1, off=0.4, times=60),
}
BUZZER: Final = {
    Feedback.GRANTED: Beat(on=0.15),
    Feedback.DENIED: Beat(on=0.1, off=0.1, times=3),
    Feedback.PIN_WANTED: Beat(on=0.05, off=0.1, times=2),
    Feedback.LEARNING: Beat(on=0.05),
}
LATE: Final = Beat(on=0.1, off=1.9, times=None)
HELD_OPEN: Final = Beat(on=0.5, off=0.5, times=None)


class DoorSignals:
    """One door's lamp and buzzer; a door may have neither."""

    def __init__(self, wiring: Wiring) -> None:
        self.led, self.buzzer = Lamp(wiring.led), Lamp(wiring.buzzer)

    def show(self, feedback: Feedback, now: float) -> None:
        """Tell what becomes of a card."""
        self.led.play(LED[feedback], now)
        self.buzzer.play(BUZZER[feedback], now)

    def warn(self, *, held_open: bool, late: bool, now: float) -> None:
        """Sound while the door stands open for too long, or soon will; else be still."""
        waiting = LATE if late else NOTHING
        self.buzzer.stay(HELD_OPEN if held_open else waiting, now)
