"""Models in the style of keras.io's sequential retrieval examples, exported in a few lines.

    python tests/examples/keras_io_models.py

A transformer of KerasHub's layers, as in the SASRec example, and two towers around a GRU, as in the
GRU4Rec example. Neither knows anything of this project: a model that turns rows of items into a
vector, and the items' vectors, is all that `export.export_savedmodel` takes. The answers are those
of KerasRS' BruteForceRetrieval, but they come from one graph that speaks movie ids, hides what
was seen, and runs under TensorFlow Serving.
"""

import keras
import keras_hub
import keras_rs
import numpy as np
import tensorflow as tf

import export

WINDOW, DIM = 8, 16
MOVIES = np.arange(1001, 1041)  # the ids of forty movies; row 1 is movie 1001, row 0 is padding
ROWS = len(MOVIES) + 1


def sasrec() -> tuple[keras.Model, keras.layers.Layer]:
    """Rows (batch, WINDOW), padded on the left, to a vector (batch, DIM); and the item table."""
    rows = keras.Input([WINDOW], dtype="int32")
    embedding = keras_hub.layers.TokenAndPositionEmbedding(ROWS, WINDOW, DIM, mask_zero=True)
    hidden = embedding(rows)
    for _ in range(2):
        hidden = keras_hub.layers.TransformerDecoder(intermediate_dim=DIM, num_heads=2)(hidden)
    return keras.Model(rows, hidden[:, -1]), embedding.token_embedding


def gru4rec() -> tuple[keras.Model, keras.layers.Layer]:
    """The same with a GRU, for rows of any length, and a table of candidates of its own."""
    query = keras.Sequential(
        [
            keras.Input([None], dtype="int32"),
            keras.layers.Embedding(ROWS, DIM, mask_zero=True),
            keras.layers.GRU(DIM),
        ]
    )
    candidates = keras.layers.Embedding(ROWS, DIM)
    candidates.build()
    return query, candidates


def train(query: keras.Model, candidates: keras.layers.Layer, steps: int = 20) -> None:
    """A few steps on people who watch the movies in order: the next one is the one to come."""
    optimizer = keras.optimizers.Adam(0.01)
    first = np.random.default_rng(0).integers(1, ROWS - WINDOW, size=(64, 1))
    histories = (first + np.arange(WINDOW)).astype(np.int32)
    targets = histories[:, -1] + 1
    variables = list(
        {id(v): v for v in query.trainable_variables + candidates.trainable_variables}.values()
    )
    for _ in range(steps):
        with tf.GradientTape() as tape:
            scores = tf.matmul(query(histories), candidates.embeddings, transpose_b=True)
            loss = tf.reduce_mean(
                keras.losses.sparse_categorical_crossentropy(targets, scores, from_logits=True)
            )
        optimizer.apply(tape.gradient(loss, [v.value for v in variables]), variables)


def main() -> None:
    """Train both, export both, and ask each what comes after two movies."""
    for name, make, fixed in [("sasrec", sasrec, True), ("gru4rec", gru4rec, False)]:
        query, candidates = make()
        train(query, candidates)
        vectors = candidates.embeddings.numpy()[1:]

        # These two lines are the export.
        names = {"name": name, "id_name": "movie_ids"}
        (folder,) = export.export_savedmodel(query, MOVIES, vectors, WINDOW, fixed=fixed, **names)

        recommend = tf.saved_model.load(str(folder)).signatures["recommend"]
        options = {"k": tf.constant(5), "filter_seen": tf.constant(False)}  # as keras.io does
        nothing = tf.constant([], tf.int64)
        history = tf.constant([[1007, 1008]], tf.int64)
        answer = recommend(movie_ids=history, exclude_ids=nothing, **options)
        retrieval = keras_rs.layers.BruteForceRetrieval(vectors, k=5)
        _, rows = retrieval(query(np.array([[0] * 6 + [7, 8]], np.int32)))
        print(folder, answer["movie_ids"].numpy()[0].tolist(), MOVIES[rows[0]].tolist())


if __name__ == "__main__":
    main()
