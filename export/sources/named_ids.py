"""Find the items that a person names in a file, by exactly the ids that the catalogue has."""

from functools import cached_property

from seqrec_tf.data.catalogue import Catalogue


class NamedIds:
    """The ids of a catalogue, as they are written in lists.

    White space around an id is no part of it, unless the catalogue has ids that begin or end with
    some: then it may tell two items apart.

    Args:
        catalogue: the items.
    """

    def __init__(self, catalogue: Catalogue):
        self._known = {str(raw): row for row, raw in enumerate(catalogue.ids.tolist(), start=1)}

    def row(self, text: str) -> int:
        """The row of the item that `text` names; 0 for none."""
        return self._known.get(text if self._exact else text.strip(), 0)

    def rows(self, text: str) -> list[int]:
        """The rows that `text` names: of the item with that id, or of ids with `|` between them.

        Returns:
            The rows; none if a part names no item, or if it could be split in two ways, because
            ids hold `|` themselves.
        """
        if row := self.row(text):
            return [row]
        parts = text.split("|")
        # Readings of the text before each part: how many, and the rows of the last one.
        counts: list[int] = [1]
        found: list[list[int]] = [[]]
        for end in range(1, len(parts) + 1):
            ways = [
                (start, row)
                for start in range(max(0, end - 1 - self._most_bars), end)
                if counts[start] and (row := self.row("|".join(parts[start:end])))
            ]
            counts.append(sum(counts[start] for start, _ in ways))
            found.append([*found[ways[-1][0]], ways[-1][1]] if ways else [])
        return found[-1] if counts[-1] == 1 else []

    def rows_of(self, names: list) -> list[int]:
        """The rows that texts or integers name; none if one of them names no item."""
        rows = [self.row(str(name)) if isinstance(name, (str, int)) else 0 for name in names]
        return rows if all(rows) else []

    @cached_property
    def _exact(self) -> bool:
        return any(text != text.strip() for text in self._known)

    @cached_property
    def _most_bars(self) -> int:
        return max(text.count("|") for text in self._known)
