"""What can go wrong between a picture and its detections."""


class VisionError(Exception):
    """Detection does not work, and why."""


class DetectorUnavailable(VisionError):
    """What runs models is not installed on this machine."""


class BadModel(VisionError):
    """The model file is damaged, of an unknown kind, or does not know what is looked for."""


class ModelUnavailable(VisionError):
    """The model file could not be had; it may be there later."""


class BadPicture(VisionError):
    """The bytes are no picture, or not all of one; the next may be good."""


class DetectorFailed(VisionError):
    """The detector gave no answer, or none that makes sense; it may work again later."""
