"""Music as piano rolls: a model of the next frame, simple means beside it, and what it composes."""
