"""YAML files that a person wrote: nothing in them is executed, and a key that is given twice is a mistake."""

from pathlib import Path
from typing import Any

import yaml

from tryon.errors import ConfigError


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping without executing anything in it; a key given twice is a `ConfigError`."""
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{path} is missing", needed="a YAML file", remedy="run from the root of the repository")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506 - derives from SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} is not readable YAML", received=error, remedy="mend the line that is named"
        ) from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path} holds no mapping", received=type(content).__name__, needed="`key: value` lines")
    return content


class _UniqueKeyLoader(yaml.SafeLoader):
    """A safe loader that refuses a key given twice instead of keeping the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=deep)
            if not isinstance(key, str | int | float | bool):
                said = f"key {key!r} is no plain text"
                raise yaml.constructor.ConstructorError(None, None, said, key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)
