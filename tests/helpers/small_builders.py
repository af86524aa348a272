"""Small datasets that tensorflow-datasets prepares in a test's folder, from rows in memory."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

GENRES = ("Comedy", "Drama")
MOVIELENS_LIKE = {
    "user_id": np.str_,
    "movie_id": np.str_,
    "timestamp": np.int64,
    "movie_title": tfds.features.Text(),
    "movie_genres": tfds.features.Sequence(tfds.features.ClassLabel(names=GENRES)),
    "user_rating": np.float32,
    "poster": tfds.features.Image(shape=(2, 2, 3)),  # which nobody asks for
}


def prepare(
    data_dir: Path,
    name: str,
    features: dict,
    splits: dict[str, list[dict]],
    version: str = "1.0.0",
    config: str | None = None,
) -> None:
    """Prepare a dataset; its rows stay in order."""

    class Small(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version(version)
        BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=config, version=version)] if config else []

        def _info(self) -> tfds.core.DatasetInfo:
            shape = tfds.features.FeaturesDict(features)
            return tfds.core.DatasetInfo(builder=self, features=shape, disable_shuffling=True)

        def _split_generators(self, _) -> dict:
            return {split: self._generate_examples(rows) for split, rows in splits.items()}

        def _generate_examples(self, rows: list[dict]) -> Iterator:
            yield from enumerate(rows)

    Small.name = name
    tfds.disable_progress_bar()
    Small(data_dir=data_dir, config=config).download_and_prepare()


def movielens_like(users: int = 40, items: int = 12) -> list[dict]:
    """Users who walk in a circle of films "1" to "12", five to eight steps each."""
    return [
        {
            "user_id": f"u{user}",
            "movie_id": str((user + step) % items + 1),
            "timestamp": step,
            "movie_title": f"Film {(user + step) % items + 1}, new",
            "movie_genres": GENRES[: (user + step) % items % 3],
            "user_rating": 4.0,
            "poster": np.zeros((2, 2, 3), np.uint8),
        }
        for user in range(users)
        for step in range(5 + user % 4)
    ]
