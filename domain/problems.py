"""What can be wrong, in one clear sentence."""


class ZapasError(Exception):
    """A failure the user can understand: its text is one sentence, shown without a traceback."""
