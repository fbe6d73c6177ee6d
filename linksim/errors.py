"""The one exception a user is meant to see: a sentence that says what is wrong and what to do."""


class UserError(Exception):
    """Bad input. The door (`linksim.cli`) prints the message without a traceback and exits with code 2."""


def shown(value, longest: int = 300) -> str:
    """`repr` of what a user gave, cut where it is long; said by its type where it has none."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, lists within lists
        return f"a {type(value).__name__} that can't be shown"
    return text if len(text) <= longest else f"{text[:longest]}..."
