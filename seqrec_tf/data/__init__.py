"""Interactions from any source, as one table: the demo, MovieLens, tensorflow-datasets or own logs.

Readers keep the row order of their source; `seqrec_tf.data.filters.prepare` filters and sorts.
"""

import dataclasses

from seqrec_tf.data.demo import make_demo
from seqrec_tf.data.interactions import Interactions
from seqrec_tf.data.logs import load_logs
from seqrec_tf.data.movielens import load_movielens
from seqrec_tf.errors import InputError
from seqrec_tf.screen import loading_tensorflow
from seqrec_tf.settings.config import DataConfig


def load_interactions(config: DataConfig) -> Interactions:
    """Read the interactions that a configuration names.

    Args:
        config: one of `interactions` (own logs), `tfds` and `dataset`. Options of another source
            are refused, so that no run leaves out data that its configuration names.

    Returns:
        The interactions, unfiltered, in the order of their source.

    Raises:
        InputError: options that exclude each other, or a source that cannot be read.
    """
    _reject_conflicts(config)
    if config.interactions is not None:
        return load_logs(config)
    if config.tfds is not None:
        loading_tensorflow()
        from seqrec_tf.data.tfds import load_tfds

        return load_tfds(config.tfds, config)
    if config.dataset == "demo":
        interactions = make_demo()
    else:
        interactions = load_movielens(config.dataset, config.data_dir, config.cache_dir)
    if config.id_name == "auto":
        return interactions
    return dataclasses.replace(interactions, id_name=config.id_name)


def _reject_conflicts(config: DataConfig) -> None:
    _reject_two_sources(config)
    if config.interactions is not None and config.data_dir is not None:
        raise InputError(
            "--interactions and --data-dir exclude each other: expected --interactions for "
            "your own log or --dataset with --data-dir for GroupLens' files. "
            f"Received: --interactions {config.interactions} --data-dir {config.data_dir}."
        )
    if config.interactions is not None or config.tfds is not None:
        return
    if config.dataset == "demo" and config.data_dir is not None:
        raise InputError(
            "--data-dir: the demo is generated and has no files; expected a MovieLens --dataset "
            f"with it. Received: --dataset demo --data-dir {config.data_dir}."
        )
    if config.titles is not None:
        raise InputError(
            f"--titles belongs to --interactions; {config.dataset} brings its own titles. "
            f"Received: --titles {config.titles}."
        )
    if config.id_type == "string":
        raise InputError(
            f"--id-type string belongs to --interactions; the ids of {config.dataset} are int64."
        )


def _reject_two_sources(config: DataConfig) -> None:
    named = {"--interactions": config.interactions, "--tfds": config.tfds}
    if config.dataset != DataConfig.dataset:
        named["--dataset"] = config.dataset
    given = [(flag, value) for flag, value in named.items() if value is not None]
    if len(given) > 1:
        (first, _), (second, _) = given[:2]
        received = " ".join(f"{flag} {value}" for flag, value in given)
        raise InputError(
            f"{first} and {second} exclude each other: expected one of them. Received: {received}."
        )
