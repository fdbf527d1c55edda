"""Errors that a user can mend."""


class EmrGuardError(Exception):
    """Base of every error that is the user's to mend: the message names the thing, what was found and what to do.

    The command line prints it as one line and exits with 1; it never shows a traceback.
    """


class InputError(EmrGuardError):
    """A file or an argument that cannot be read or understood."""
