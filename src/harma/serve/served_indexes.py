"""The indexes of a server as its settings name them: single ones, groups, the parts of groups."""

from harma.ground.storage.home import Place, home_of
from harma.serve.group import ServedGroup
from harma.serve.index_names import name_of
from harma.serve.live import LiveIndex
from harma.serve.models import Models
from harma.serve.served import ServedIndex
from harma.serve.settings import ServeSettings


class ServedIndexes:
    """Makes the indexes of a server; each directory of a group is opened once.

    Args:
        settings: of the server.

    Attributes:
        indexes: id → index; groups come first, as they are what is asked for.
        parts: further indexes that are parts of groups, and not served apart.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self._settings = settings
        self._models = Models(settings.model, settings.backbone)
        self.parts: list[LiveIndex] = []
        single = {
            name: ServedIndex(
                name,
                directory,
                models=self._models,
                kept_in=settings.state,
                only_reads=settings.is_read_only,
            )
            for name, directory in settings.indexes.items()
        }
        self._names = {*single, *settings.groups}
        self._by_place: dict[str, LiveIndex] = {}
        for index in single.values():
            self._by_place.setdefault(home_of(index.directory).key, index)
        groups = {name: self._group(name) for name in settings.groups}
        self.indexes: dict[str, ServedIndex] = {**groups, **single}

    def _group(self, name: str) -> ServedGroup:
        parts = [self._part(directory) for directory in self._settings.groups[name]]
        return ServedGroup(
            name,
            parts,
            kept_in=self._settings.state,
            only_reads=self._settings.is_read_only,
        )

    def _part(self, directory: Place) -> LiveIndex:
        """The index of a directory, which may be served apart, or be in another group too."""
        place = home_of(directory).key
        if place not in self._by_place:
            part = LiveIndex(self._free_name(directory), directory, models=self._models)
            self._by_place[place] = part
            self.parts.append(part)
        return self._by_place[place]

    def _free_name(self, directory: Place) -> str:
        """A name for a part, which nothing else of the server has."""
        name = name_of(directory)
        number = 1
        while name in self._names:
            number += 1
            name = f"{name_of(directory)}-{number}"
        self._names.add(name)
        return name
