"""Text that a terminal shows, and does not obey. Pure."""

import re

# What a terminal obeys, or a reader takes for the end of a line or for its direction; and halves of characters, which
# no encoding knows.
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    """Spell out what a terminal would obey, as JSON does."""
    return _ODD.sub(lambda odd: "\ufffd" if "\ud800" <= odd[0] <= "\udfff" else f"\\u{ord(odd[0]):04x}", text)
