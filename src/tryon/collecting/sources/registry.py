"""All sources by name."""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType

from tryon.collecting.searching import Source
from tryon.collecting.sources.addresses import Addresses
from tryon.collecting.sources.bing_page import BingPage
from tryon.collecting.sources.folder import Folder
from tryon.collecting.sources.google_api import GoogleApi
from tryon.collecting.sources.google_page import GooglePage
from tryon.collecting.sources.openverse import Openverse
from tryon.collecting.sources.wikimedia_commons import WikimediaCommons
from tryon.collecting.sources.yahoo_japan import YahooJapan
from tryon.collecting.sources.yahoo_page import YahooPage
from tryon.errors import ConfigError

SOURCES: Mapping[str, Callable[..., Source]] = MappingProxyType(
    {
        source.name: source
        for source in (
            Openverse,
            WikimediaCommons,
            GoogleApi,
            GooglePage,
            YahooPage,
            YahooJapan,
            BingPage,
            Addresses,
            Folder,
        )
    }
)
DEFAULT_SOURCES = (Openverse.name, WikimediaCommons.name)


def find_source(name: str, **settings: object) -> Source:
    """The source of that name.

    Raises:
        ConfigError: there is none, it has no such setting, or one that it needs is missing.
    """
    if name not in SOURCES:
        raise ConfigError(
            f"there is no source {name!r}", needed=", ".join(SOURCES), remedy="correct `sources` in params.yaml"
        )
    known = inspect.signature(SOURCES[name]).parameters
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ConfigError(
            f"source {name} has no setting {unknown[0]!r}",
            needed=", ".join(known),
            remedy="correct the query's settings in params.yaml",
        )
    for setting, value in settings.items():
        wanted = Mapping if setting == "filters" else str
        if not isinstance(value, wanted):
            raise ConfigError(
                f"source {name}, setting {setting!r}",
                received=value,
                needed="names and values" if wanted is Mapping else "a text",
            )
    return SOURCES[name](**settings)
