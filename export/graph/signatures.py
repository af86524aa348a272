"""The request forms of the SavedModel: what arrives over REST or gRPC, as ragged histories."""

import inspect
from collections.abc import Callable

import tensorflow as tf
from tensorflow.types.experimental import ConcreteFunction, PolymorphicFunction

from export.graph.bounds import MOST_BYTES, MOST_ROWS, checked
from export.graph.recommender import Recommender
from export.graph.requests import dense

# Every number that fits into an int64 and no larger one, on which `to_number` would fail: fewer
# digits than the largest, or as many and a smaller one somewhere after the same beginning.
LARGEST_INTEGER = str(tf.int64.max)
SMALLER = (
    f"{LARGEST_INTEGER[:i]}[0-{int(d) - 1}][0-9]{{{18 - i}}}"
    for i, d in enumerate(LARGEST_INTEGER)
    if d > "0"
)
INTEGER = rf"[+-]?0*([0-9]{{1,18}}|{'|'.join(SMALLER)}|{LARGEST_INTEGER})"


TIMES = {
    "timestamps": tf.TensorSpec([None, None], tf.int64),
    "now": tf.TensorSpec([None], tf.int64),
}

# What answers, and its inputs.
Form = tuple[Callable[..., dict[str, tf.Tensor]], dict[str, tf.TensorSpec]]


def signatures(recommender: Recommender) -> dict:
    """The SavedModel's signatures, by name (README, "Signatures")."""
    ids, kind = recommender.id_name, recommender.id_type
    histories = {ids: tf.TensorSpec([None, None], kind)}
    forms = Forms(recommender)
    functions: dict[str, Form] = {
        "serving_default": (forms.dense, histories),
        "ragged": (
            forms.components,
            {ids: tf.TensorSpec([None], kind), "row_splits": tf.TensorSpec([None], tf.int64)},
        ),
        "text": (forms.text, {"history": tf.TensorSpec([None], tf.string)}),
        "examples": (forms.examples, {"inputs": tf.TensorSpec([None], tf.string)}),
        "score": (forms.score, {**histories, "candidate_ids": tf.TensorSpec([None, None], kind)}),
        "encode": (forms.encode, histories),
        "similar": (recommender.similar, {ids: tf.TensorSpec([None], kind)}),
    }
    if recommender.reads_times:
        functions["timed"] = (forms.timed, {**histories, **TIMES})
    traced = {name: concrete(function, inputs) for name, (function, inputs) in functions.items()}
    return {**traced, "recommend": forms.with_options()}


def concrete(
    function: Callable[..., dict[str, tf.Tensor]], inputs: dict[str, tf.TensorSpec]
) -> ConcreteFunction:
    """Trace `function` with positional inputs that are named as in `inputs`."""
    return tf.function(function, autograph=False).get_concrete_function(*_named(inputs))


def _named(inputs: dict[str, tf.TensorSpec]) -> list[tf.TensorSpec]:
    return [tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in inputs.items()]


class Forms:
    """Each request form as a function that unpacks it and asks the recommender."""

    def __init__(self, recommender: Recommender):
        self.recommender = recommender

    def dense(self, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        """`serving_default`: (batch, length), padded anywhere."""
        return self.recommender.recommend(_ragged(ids))

    def timed(self, ids: tf.Tensor, timestamps: tf.Tensor, now: tf.Tensor) -> dict[str, tf.Tensor]:
        """`timed`: as `dense`, with when everything was."""
        told = dense(_ragged(ids), timestamps, now)
        return self.recommender.recommend_at(*told)

    def components(self, ids: tf.Tensor, row_splits: tf.Tensor) -> dict[str, tf.Tensor]:
        """`ragged`: values (total,) and row splits (batch + 1,)."""
        return self.recommender.recommend(tf.RaggedTensor.from_row_splits(ids, row_splits))

    def text(self, history: tf.Tensor) -> dict[str, tf.Tensor]:
        """`text`: (batch,) strings, ids separated as the catalogue's `text_separator` says.

        A token that is no number counts as an unknown id: when a server merges requests into one
        batch, an error would fail everybody's.
        """
        history = _checked_texts(history)
        if self.recommender.text_separator == ", ":
            tokens = tf.strings.split(tf.strings.regex_replace(history, r"[,\s]+", " "))
        else:
            tokens = tf.strings.split(history, self.recommender.text_separator)
        if self.recommender.id_type == tf.string:
            return self.recommender.recommend(tokens)
        numeric = tf.ragged.map_flat_values(tf.strings.regex_full_match, tokens, INTEGER)
        tokens = tf.ragged.boolean_mask(tokens, numeric)
        return self.recommender.recommend(tf.strings.to_number(tokens, tf.int64))

    def examples(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """`examples`: (batch,) serialized `tf.train.Example`s, a feature of any length each."""
        inputs = _checked_texts(inputs)
        name = self.recommender.id_name
        kinds = {name: self.recommender.id_type}
        if self.recommender.reads_times:
            kinds |= dict.fromkeys(TIMES, tf.int64)
        parsed = tf.io.parse_example(
            inputs,
            {
                each: tf.io.RaggedFeature(kind, row_splits_dtype=tf.int64)
                for each, kind in kinds.items()
            },
        )
        if not self.recommender.reads_times:
            answer = self.recommender.recommend(parsed[name])
        else:
            now = parsed["now"][:, :1].to_tensor(shape=[None, 1])[:, 0]
            answer = self.recommender.recommend_at(parsed[name], parsed["timestamps"], now)
        ids = answer[name]
        if self.recommender.id_type == tf.int64:
            ids = tf.where(ids > 0, tf.strings.as_string(ids), "")
        return {"classes": ids, "scores": answer["scores"]}

    def score(self, ids: tf.Tensor, candidates: tf.Tensor) -> dict[str, tf.Tensor]:
        """`score`: histories as in `dense`, candidates (batch, m)."""
        return {"scores": self.recommender.score(_ragged(ids), candidates)}

    def encode(self, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        """`encode`: histories as in `dense`."""
        return {"embedding": self.recommender.encode(_ragged(ids))}

    def with_options(self) -> PolymorphicFunction:
        """`recommend`: as `dense`, with options that a gRPC request may leave away.

        TensorFlow writes the default values of the function's arguments into
        `SignatureDef.defaults`, if they are tensors.
        """
        options = self._options()
        names = [self.recommender.id_name, *options]

        def recommend(*values: tf.Tensor) -> dict[str, tf.Tensor]:
            ids, *rest = values
            return self._recommend(_ragged(ids), **dict(zip(options, rest, strict=True)))

        # So that TensorFlow sees what the options are called and what they are by default.
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        defaults = [inspect.Parameter.empty, *(default for _, default in options.values())]
        recommend.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(name, kind, default=default)
                for name, default in zip(names, defaults, strict=True)
            ]
        )
        histories = tf.TensorSpec([None, None], self.recommender.id_type)
        specs = [histories, *(spec for spec, _ in options.values())]
        inputs = dict(zip(names, specs, strict=True))
        return tf.function(recommend, input_signature=_named(inputs), autograph=False)

    def _options(self) -> dict[str, tuple[tf.TensorSpec, tf.Tensor]]:
        """Of `recommend`: the shape of each option, and what it is if a request has none."""
        recommender, kind = self.recommender, self.recommender.id_type
        options = {
            "k": (tf.TensorSpec([], tf.int32), tf.constant(recommender.k)),
            "exclude_ids": (tf.TensorSpec([None], kind), tf.constant([], kind)),
            "filter_seen": (tf.TensorSpec([], tf.bool), tf.constant(not recommender.repeats)),
        }
        if recommender.categories is not None:
            options["categories"] = (tf.TensorSpec([None], tf.string), tf.constant([], tf.string))
        if recommender.reads_times:
            unknown = tf.constant([0], tf.int64)
            options["timestamps"] = (TIMES["timestamps"], unknown[tf.newaxis])
            options["now"] = (TIMES["now"], unknown)
        return options

    def _recommend(
        self,
        histories: tf.RaggedTensor,
        timestamps: tf.Tensor | None = None,
        now: tf.Tensor | None = None,
        **options: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        times = {}
        if timestamps is not None and now is not None:
            histories, *told = dense(histories, timestamps, now)
            times = dict(zip(TIMES, told, strict=True))
        return self.recommender.recommend_with_options(histories, **options, **times)


def _ragged(ids: tf.Tensor) -> tf.RaggedTensor:
    """Histories (batch, length), whose rows take memory also where the length is 0."""
    rows = tf.shape(ids, tf.int64)[0]
    return tf.RaggedTensor.from_tensor(checked(ids, rows=(rows, MOST_ROWS)))


def _checked_texts(texts: tf.Tensor) -> tf.Tensor:
    """(batch,) texts, out of which not too many ids can come."""
    size = tf.reduce_sum(tf.cast(tf.strings.length(texts), tf.int64))
    return checked(texts, rows=(tf.size(texts, tf.int64), MOST_ROWS), bytes=(size, MOST_BYTES))
