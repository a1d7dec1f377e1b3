"""The commands: they read the arguments, call the library and print what it returns."""

# Importing a module adds its commands to the app, in the order of the help.
from carousel.cli import training as training  # isort: skip
from carousel.cli import runs as runs  # isort: skip
from carousel.cli import compare as compare  # isort: skip
from carousel.cli import theory as theory  # isort: skip
from carousel.cli import bench as bench  # isort: skip
from carousel.cli import machine as machine  # isort: skip
from carousel.cli._shared import app as app
from carousel.cli._shared import discard_output as discard_output
