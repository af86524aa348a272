"""The catalogues of served models: made when first asked for, and gone with their models."""

import threading
from weakref import WeakKeyDictionary

from serving.demo.catalogue import Catalogue
from serving.inference.servable import Servable


class Catalogues:
    """Each model's catalogue. Safe to use from several threads."""

    def __init__(self) -> None:
        self._made: WeakKeyDictionary[Servable, Catalogue | None] = WeakKeyDictionary()
        self._making = threading.Lock()

    def of(self, model: Servable) -> Catalogue | None:
        """The items of a model that restores with variables `ids` and `titles`; None of another.

        Row 0 of both is padding.
        """
        if model not in self._made:
            with self._making:
                if model not in self._made:
                    self._made[model] = _catalogue(model)
        return self._made[model]


def _catalogue(model: Servable) -> Catalogue | None:
    ids, titles = model.column("ids"), model.column("titles")
    if ids is None or titles is None or len(ids) != len(titles) or titles.dtype != object:
        return None
    return Catalogue(ids[1:], titles[1:])
