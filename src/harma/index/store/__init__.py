"""An index in Lance, in a folder or a bucket; nothing outside of this folder touches its tables."""

from harma.index.store.store import WRITING_INDEX, Store

__all__ = ["WRITING_INDEX", "Store"]
