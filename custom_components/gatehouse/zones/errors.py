"""Why a zone, an ignore box or a tuning cannot be kept."""


class ZoneError(Exception):
    """Something about a camera's zones cannot be done; `code` is a short name of why."""

    code = "zone_failed"


class ZoneNotFound(ZoneError):
    """There is no zone, mask or ignore box of this id."""

    code = "zone_not_found"


class ZoneTooFewPoints(ZoneError):
    """A polygon has fewer corners than a triangle."""

    code = "zone_too_few_points"


class ZoneTooManyPoints(ZoneError):
    """A polygon has more corners than anybody draws."""

    code = "zone_too_many_points"


class ZoneOutside(ZoneError):
    """A corner is not in the picture."""

    code = "zone_outside"


class ZoneCrossing(ZoneError):
    """The outline of a polygon meets itself, so that nobody can say what is inside."""

    code = "zone_crossing"


class ZoneTooSmall(ZoneError):
    """A polygon is too small to stand in."""

    code = "zone_too_small"


class ZoneNameBad(ZoneError):
    """A name is empty, too long, or not made of text."""

    code = "zone_name_bad"


class ZoneNameTaken(ZoneError):
    """Another zone or mask of the camera has this name."""

    code = "zone_name_taken"


class TooManyZones(ZoneError):
    """The camera has as many zones and masks as it may have."""

    code = "zone_too_many"


class IgnoreBoxBad(ZoneError):
    """An ignore box has no label, or nothing of it is in the picture."""

    code = "ignore_box_bad"


class TooManyIgnoreBoxes(ZoneError):
    """The camera has as many ignore boxes as it may have."""

    code = "ignore_box_too_many"


class TuningBad(ZoneError):
    """With this tuning a camera could never see anybody."""

    code = "tuning_bad"
