"""The one exception a user is meant to see: a sentence that says what is wrong and what to do."""


class UserError(Exception):
    """Bad input. The door (`linksim.cli`) prints the message without a traceback and exits with code 2."""
