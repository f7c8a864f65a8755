"""Short names of licences, the same from every source: `CC BY-SA 4.0`, `CC0`, `Public domain`."""

_WITHOUT_VERSION = {"cc0": "CC0", "pdm": "Public domain", "publicdomain": "Public domain"}


def short_name(code: str, version: str = "") -> str:
    """The name of a Creative Commons licence from its code (`by-sa`, `cc0`, `pdm`); empty if there is none."""
    code = code.strip().lower()
    if not code or code in _WITHOUT_VERSION:
        return _WITHOUT_VERSION.get(code, "")
    return f"CC {code.upper().replace('SAMPLING', 'Sampling')} {version}".strip()
