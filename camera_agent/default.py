"""The configuration file to begin with: every key that there is, with what it is for."""

from typing import Final

DEFAULT: Final = """\
# Gatehouse camera agent. Everything that is commented out stands at its default.

[agent]
# token = "0123456789abcdef"         # not needed: pair instead, with `gatehouse-agent pair`
# name = "Porch"                     # default: the name of this machine
# id = "porch"                       # default: made from this machine's id
# host = "0.0.0.0"
# port = 8467
data = "data"                        # recordings wait here until they are fetched; beside this file
# announce = true                    # let Home Assistant discover this agent (zeroconf)
# ring = 15                          # seconds before a sign that a recording can still have

# Everything is encrypted with a certificate that this agent makes and Home Assistant remembers.
[tls]
# enabled = true                     # false: plain HTTP, for this machine alone and old players
# certificate = "agent.crt"          # one of your own, beside this file
# key = "agent.key"                  # of that; not needed if it is in the same file
# mutual = false                     # true: Home Assistant shows a certificate too

[[cameras]]
id = "front"                         # never change it: Home Assistant knows the camera by it
name = "Front door"
source = "picamera"                  # picamera, video or pattern (a test picture)
# device = "/base/soc/i2c0mux/..."   # picamera: its Id from `rpicam-hello --list-cameras`
# path = "/dev/video0"               # video: a device, a file (it loops), rtsp:// or http://
# width = 1280
# height = 720
# fps = 15
# bitrate = 2000                     # kbit/s of H.264
# jpeg_fps = 15                      # the most that MJPEG viewers and detection get
# quality = 80                       # of JPEG
# crop = [0, 0, 1920, 1080]          # x, y, width, height of the source to use
# start = 0                          # of a file: the seconds to loop from
# end = 60                           #   and to
# motion_threshold = 0.002           # share of the picture that has to change
# audio = true                       # video: record its sound too, if it has any
# sync = "server"                    # picamera: one of a pair is the server, the other the client

# A door: what opens it, what tells how it is, and the readers that cards are shown to.
# A line of the pin header is its number (relay = 17), or a table that says more about it.
# [[doors]]
# id = "front"                         # never change it: Home Assistant knows the door by it
# name = "Front door"
# relay = { line = 17, active_low = true }   # chip = "..." where it is not the pin header's
# fail = "secure"                      # without power it stays shut; safe: it is open then
# unlock = 3                           # seconds for somebody who may enter
# longest = 30                         # seconds; nobody unlocks it for longer
# contact = 23                         # closes to ground while the door is shut
# exit_button = 24                     # closes to ground when it is pressed
# doorbell = 25                        # so does this
# buzzer = 12
# led = 16
# held_open = 30                       # seconds that it may stand open
# [[doors.readers]]
# id = "outside"
# kind = "rdm6300"                     # hid, mfrc522, osdp, pn532, rdm6300, wiegand or simulated
# device = "/dev/serial0"
# direction = "in"                     # or out, for anti-passback
# byteorder = "big"                    # little turns the bytes of a card round
# bytes = 5                            # that count of a card, its last ones; default: all
# debounce = 2                         # seconds; a card that is held there is one attempt
# [[doors.readers]]
# id = "desk"
# kind = "hid"
# device = "/dev/input/by-id/usb-reader-event-kbd"
# format = "hex"                       # of what it types, or decimal
# [[doors.readers]]
# id = "inside"
# kind = "wiegand"
# direction = "out"
# lines = [5, 6]                       # D0 and D1
# keypad = true
# [[doors.readers]]
# id = "gate"
# kind = "osdp"
# device = "/dev/ttyUSB0"
# baud = 9600
# address = 1
# key = "00112233445566778899aabbccddeeff"   # of the secure channel

# One to try out without any hardware; then: gatehouse-agent present 0102030405
# [[doors]]
# id = "trial"
# simulated = "trial.sock"             # a socket that plays the lock, the contact and the buttons
# [[doors.readers]]
# id = "outside"
# kind = "simulated"

# What moves while Home Assistant is away is recorded all the same, and waits here until it is back.
[spool]
# enabled = true
# quota_mb = 2000                    # of all recordings that wait; the oldest are deleted first
# free_mb = 500                      # of the disk; recordings of an absence make way for it

# What is booked is recorded at its time, Home Assistant or not, and waits here for two weeks.
[bookings]
# quota_mb = 20000                   # of all parts that wait; nothing is begun beyond it
# free_mb = 1000                     # of the disk

# Lets Home Assistant have its pictures looked at here; needs: pip install onnxruntime
# [detector]
# model = "yolox_nano.onnx"          # a detector as an ONNX file, beside this file
# threads = 1                        # two are 1.5 times as fast for twice the work; 0: all cores
# threshold = 0.35                   # the score from which on something counts
"""
