"""Motion: a person is seen, the light and the sensor's noise are not."""

from collections.abc import Iterable
import time

import numpy as np
import pytest

from camera_agent.motion import Motion, MotionDetector, Plane, differing, follow

INTERVAL_US = 200_000
THRESHOLD = 0.002
SIZE = (90, 160)


@pytest.fixture
def scene() -> "Scene":
    return Scene()


class Scene:
    """What a camera on a yard sees, with the noise of a cheap sensor after averaging."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(7)
        self._yard = self._random.uniform(40, 200, SIZE).astype(np.float32)
        self._detector = MotionDetector(THRESHOLD)
        self._now_us = 1_795_000_000_000_000

    def plane(self, light: float = 1.0, thing: tuple[slice, slice] | None = None) -> Plane:
        picture = self._yard * light
        if thing:
            picture[thing] = 255 - picture[thing]
            picture[thing] += np.where(picture[thing] > 127, 30, -30)
        return (picture + self._random.normal(0, 2, SIZE)).clip(0, 255).astype(np.uint8)

    def see(self, planes: Iterable[Plane]) -> list[Motion]:
        told = []
        for plane in planes:
            self._now_us += INTERVAL_US
            told.append(self._detector.see(plane, self._now_us))
        return [motion for motion in told if motion is not None]

    def nothing(self, seconds: float = 4) -> list[Motion]:
        return self.see(self.plane() for _ in range(round(seconds * 5)))

    def walk(self, seconds: float = 3, high: int = 16, wide: int = 6) -> list[Motion]:
        return self.see(
            self.plane(thing=(slice(40, 40 + high), slice(10 + 6 * n, 10 + 6 * n + wide)))
            for n in range(round(seconds * 5))
        )


def test_the_noise_of_a_sensor_is_no_motion(scene: Scene) -> None:
    assert scene.nothing(seconds=60) == []


def test_a_cloud_is_no_motion(scene: Scene) -> None:
    scene.nothing()
    assert scene.see(scene.plane(light=1 - n / 100) for n in range(50)) == []


def test_a_lamp_that_is_switched_on_is_no_motion(scene: Scene) -> None:
    scene.nothing()
    assert scene.see(scene.plane(light=light) for light in [0.3] * 20 + [1.2] * 20) == []


def test_an_exposure_that_still_settles_is_no_motion(scene: Scene) -> None:
    assert scene.see(scene.plane(light=0.2 + n / 10) for n in range(7)) == []


def test_a_person_is_motion_at_once(scene: Scene) -> None:
    scene.nothing()
    first = scene.walk(seconds=0.2)
    assert [motion.moving for motion in first] == [True]
    assert first[0].score == pytest.approx(16 * 6 / (90 * 160), rel=0.1)


def test_a_person_far_away_is_motion(scene: Scene) -> None:
    scene.nothing()
    assert scene.walk(high=10, wide=4)[0].moving


def test_a_bird_is_too_small(scene: Scene) -> None:
    scene.nothing()
    assert scene.walk(high=2, wide=3) == []


def test_somebody_close_is_motion_however_much_of_the_picture_they_fill(scene: Scene) -> None:
    scene.nothing()
    told = scene.walk(seconds=2, high=50, wide=60)
    assert told[0].moving
    assert max(motion.score for motion in told) > 0.9 * 50 * 60 / (90 * 160)


def test_motion_ends_when_nothing_moved_for_two_seconds(scene: Scene) -> None:
    scene.nothing()
    last_step_us = scene.walk()[-1].captured_us
    told = scene.nothing(seconds=10)
    assert [motion.moving for motion in told].count(False) == 1
    assert not told[-1].moving
    assert 2_000_000 <= told[-1].captured_us - last_step_us <= 6_000_000


def test_a_short_pause_does_not_end_it(scene: Scene) -> None:
    scene.nothing()
    told = scene.walk() + scene.nothing(seconds=1.5) + scene.walk()
    assert all(motion.moving for motion in told)


def test_who_stands_still_becomes_background(scene: Scene) -> None:
    scene.nothing()
    thing = (slice(40, 60), slice(50, 58))
    told = scene.see(scene.plane(thing=thing) for _ in range(50))
    assert told[0].moving
    assert not told[-1].moving


def test_an_unchanged_score_is_not_told_again(scene: Scene) -> None:
    scene.nothing()
    told = scene.walk(seconds=2)
    assert len(told) < 5


def test_the_median_keeps_a_large_dark_thing_from_changing_the_rest() -> None:
    background = np.full(SIZE, 120, np.float32)
    plane = background.astype(np.uint8)
    plane[:, :60] = 20
    assert differing(plane - background) == pytest.approx(60 / 160)


def test_the_background_follows_slowly() -> None:
    background = np.zeros(SIZE, np.float32)
    for _ in range(22):
        follow(background, np.full(SIZE, 100, np.uint8) - background)
    assert background.mean() == pytest.approx(90, abs=1)


def test_a_look_costs_far_less_than_a_millisecond(scene: Scene) -> None:
    detector = MotionDetector(THRESHOLD)
    planes = [scene.plane() for _ in range(10)]
    spent = []
    for n in range(200):
        began = time.thread_time()
        detector.see(planes[n % 10], n * INTERVAL_US)
        spent.append(time.thread_time() - began)
    assert sorted(spent)[100] < 0.0005
