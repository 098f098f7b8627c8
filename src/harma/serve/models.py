"""Models of served indexes: each is loaded once, also where several indexes were made with it."""

import threading

from harma.index.settings import FOREIGN, Settings
from harma.model.exported.facts import is_export
from harma.model.fingerprint import check_model
from harma.model.opened import OpenedModel, open_model
from harma.serve.embedding import SharedEmbedder


class Models:
    """The models of a server; threads share it.

    Args:
        model: what to load in place of where the indexes say that their model is.
        backbone: where its backbone is, if not where it says.
    """

    def __init__(self, model: str | None = None, backbone: str | None = None) -> None:
        self._place = model
        self._backbone = backbone
        self._loaded: dict[str, OpenedModel] = {}
        self._embedders: dict[OpenedModel, SharedEmbedder] = {}
        self._lock = threading.Lock()

    def of(self, settings: Settings) -> OpenedModel | None:
        """The model of an index; None of one whose model HarMA cannot load.

        Raises:
            HarmaError: it is not there, or is another one.
        """
        if settings.model_id.startswith(FOREIGN):
            return None
        with self._lock:
            known = self._loaded.get(settings.model_id)
            if known is None:
                known = self._load(settings)
                self._loaded[settings.model_id] = known
            return known

    def embedder(self, model: OpenedModel) -> SharedEmbedder:
        """What embeds queries with a model: one for all indexes that were made with it."""
        with self._lock:
            return self._embedders.setdefault(model, SharedEmbedder(model))

    def _load(self, settings: Settings) -> OpenedModel:
        place = self._place or settings.model
        backbone = self._backbone
        # That of the index is the backbone of its model; an export holds its own.
        if backbone is None and not is_export(place):
            backbone = settings.backbone
        model = open_model(place, backbone=backbone)
        check_model(settings.model, settings.model_id, model, settings.reading.values)
        return model
