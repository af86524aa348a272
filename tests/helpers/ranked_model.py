"""A recommender with every signature, whose answers a reader can work out.

It has the items 1 to 9. Item i scores i / 8 for everybody, so that the best are 9, 8, 7, and it is
`odd` or `even`. `similar` to item i is i + 1. The vector of a history of n items is n / 10.
"""

ITEMS, K = 9, 3


def signatures(tf) -> dict:
    """Name -> (function, input specifications)."""
    items = tf.range(1, ITEMS + 1, dtype=tf.int64)
    lowest = tf.float32.min

    def best(ids, k, filter_seen, exclude_ids, categories):
        seen = tf.reduce_any(ids[:, :, tf.newaxis] == items, axis=1)
        excluded = tf.reduce_any(items[:, tf.newaxis] == exclude_ids, axis=1)
        kind = tf.where(items % 2 == 0, "even", "odd")
        wanted = tf.reduce_any(kind[:, tf.newaxis] == categories, axis=1)
        allowed = (wanted | (tf.size(categories) == 0)) & ~excluded
        allowed = tf.where(filter_seen, ~seen, True) & allowed
        scores = tf.where(allowed, tf.cast(items, tf.float32) / 8, lowest)
        scores = tf.pad(scores, [[0, 0], [0, tf.maximum(k - ITEMS, 0)]], constant_values=lowest)
        scores, places = tf.math.top_k(scores, k)
        return named(tf.where(scores > lowest, tf.cast(places, tf.int64) + 1, 0), scores)

    def named(ids, scores):
        titles = tf.where(ids > 0, "Movie " + tf.as_string(ids), "")
        return {"movie_ids": ids, "titles": titles, "scores": scores}

    def plain(ids):
        return best(ids, K, True, tf.constant([], tf.int64), tf.constant([], tf.string))

    def ragged(ids, splits):
        return plain(tf.RaggedTensor.from_row_splits(ids, splits).to_tensor())

    def recommend(ids, k, exclude_ids, filter_seen, categories):
        return best(ids, k, filter_seen, exclude_ids, categories)

    def similar(ids):
        pair = tf.stack([ids + 1, tf.zeros_like(ids)], axis=1)
        return named(pair, tf.where(pair > 0, 0.5, lowest))

    def score(ids, candidate_ids):
        known = (candidate_ids > 0) & (candidate_ids <= ITEMS)
        scores = tf.cast(candidate_ids, tf.float32) / 8 + 0 * tf.cast(ids[:, :1], tf.float32)
        return {"scores": tf.where(known, scores, lowest)}

    def encode(ids):
        count = tf.reduce_sum(tf.cast(ids > 0, tf.float32), axis=1, keepdims=True)
        return {"embedding": tf.concat([count / 10, -count], axis=1)}

    def spec(name, dtype=tf.int64, shape=(None,)):
        return tf.TensorSpec(shape, dtype, name=name)

    matrix = spec("movie_ids", shape=(None, None))
    options = [spec("k", tf.int32, ()), spec("exclude_ids"), spec("filter_seen", tf.bool, ())]
    return {
        "serving_default": (plain, [matrix]),
        "ragged": (ragged, [spec("movie_ids"), spec("row_splits")]),
        "recommend": (recommend, [matrix, *options, spec("categories", tf.string)]),
        "similar": (similar, [spec("movie_ids")]),
        "score": (score, [matrix, spec("candidate_ids", shape=(None, None))]),
        "encode": (encode, [matrix]),
    }


def optional_signatures(tf) -> dict:
    """The same recommender with inputs that no client knows of, most of them with defaults.

    Left out, `boost` adds 0.75 to every score, and `recommend` does not leave out what was seen.
    """
    matrix = tf.TensorSpec([None, None], tf.int64, name="movie_ids")
    floats = tf.TensorSpec([None], tf.float32, name="boost")
    word = tf.TensorSpec([], tf.string, name="word")
    large = tf.TensorSpec([None, None], tf.int64, name="large")
    boost, large_number = tf.constant([0.25, 0.5]), tf.constant([[2**53 + 1], [-1]], tf.int64)
    text, k, no, nothing = (
        tf.constant("é"),
        tf.constant(2),
        tf.constant(False),
        tf.zeros(0, "int64"),
    )
    plain = signatures(tf)

    def boosted(answer, boost, word, large):
        right = tf.reduce_all(large == [[2**53 + 1], [-1]]) & (word == "é")
        more = tf.where(right, tf.reduce_sum(boost), -100.0)
        return {**answer, "scores": answer["scores"] + more}

    def ragged(ids, splits, boost=boost, word=text, large=large_number):
        return boosted(plain["ragged"][0](ids, splits), boost, word, large)

    def default(ids, boost=boost, word=text, large=large_number):
        return boosted(plain["serving_default"][0](ids), boost, word, large)

    def recommend(ids, k=k, exclude_ids=nothing, filter_seen=no, boost=boost, word=text):
        every = tf.constant([], tf.string)
        answer = plain["recommend"][0](ids, k, exclude_ids, filter_seen, every)
        return boosted(answer, boost, word, large_number)

    def needy(ids, threshold, boost=boost):
        return {"y": tf.reduce_sum(boost) + threshold}

    recommended = plain["recommend"][1]
    threshold = tf.TensorSpec([], tf.float32, name="threshold")
    return {
        "ragged": (ragged, [*plain["ragged"][1], floats, word, large]),
        "serving_default": (default, [matrix, floats, word, large]),
        "recommend": (recommend, [*recommended[:4], floats, word]),
        "needy": (needy, [matrix, threshold, floats]),
    }
