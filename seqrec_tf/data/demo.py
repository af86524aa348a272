"""The demo: invented viewers and movies whose next movie a sequential model can learn.

Ten genres hold 29 movies each, in a circle: after the movie of 1970 comes the one of 1971, ..., and
after 1998 comes 1970 again. A viewer has a pace for life: a quarter of them each watch every movie
of a circle, every second, every third and every fifth one. Each of their next movies is,

- with probability 0.9, one step of their pace further along the circle, stepping on over movies
  they have seen (29 is prime, so every pace visits the whole circle before it repeats),
- otherwise, or when the circle is used up, any movie they have not seen; the walk goes on there.

So the best possible predictor knows the last movie and the pace, and is right nine times in ten.
The last movie alone does not tell the pace, so a first-order Markov chain has four candidates of
like weight; two movies in a row do tell it, which takes a model that reads sequences. Popularity
sees almost nothing: any ten of the roughly 250 unseen movies hold the target one time in
twenty-five. Measured on each user's last movie, ranked against all movies they have not seen (P1):

    predictor                              HR@1    HR@10   NDCG@10
    popularity                             0.00    0.03    0.01
    first-order Markov chain, counted      0.31    0.88    0.61
    the rule above, pace read from the     0.88    0.88    0.88
    user's earlier steps

The movies 1193, 661 and 914 follow each other at the slowest pace, for examples in the README.
"""

import numpy as np
import pandas as pd

from seqrec_tf.data.interactions import Interactions

JUMP_RATE = 0.1
"""Probability that a viewer leaves the circle: no predictor is right more often than 1 - this."""

PACES = (1, 2, 3, 5)
MOVIES_PER_GENRE = 29
USERS = 400
SHORTEST, LONGEST = 5, 80
FIRST_YEAR = 1970
EXAMPLE_IDS = (1193, 661, 914)
EXAMPLE_GENRE, EXAMPLE_POSITION = "Adventure", 10
DAY = 24 * 60 * 60
START = 978_307_200  # 2001-01-01 in unix seconds

ADJECTIVES = ("Silent", "Crimson", "Hidden", "Last", "Golden", "Broken")
NOUNS = {
    "Adventure": ("Harbour", "Island", "Compass", "Voyage", "Lagoon"),
    "Animation": ("Teapot", "Squirrel", "Balloon", "Puppet", "Snowflake"),
    "Comedy": ("Umbrella", "Honeymoon", "Neighbour", "Landlord", "Picnic"),
    "Crime": ("Alibi", "Ransom", "Informer", "Witness", "Vault"),
    "Drama": ("Orchard", "Promise", "Winter", "Staircase", "Letter"),
    "Horror": ("Crypt", "Cellar", "Scarecrow", "Shadow", "Mirror"),
    "Musical": ("Waltz", "Serenade", "Orchestra", "Chorus", "Melody"),
    "Science Fiction": ("Nebula", "Android", "Orbit", "Signal", "Colony"),
    "War": ("Bridge", "Regiment", "Trench", "Convoy", "Armistice"),
    "Western": ("Canyon", "Saddle", "Sheriff", "Stagecoach", "Prairie"),
}


def demo_movies() -> pd.DataFrame:
    """The catalogue of the demo.

    Returns:
        290 rows, indexed by movie id (int64, 1..4000, not contiguous), with columns `title`
        ("The Silent Harbour (1994)"), `genre` and `position` (int64, 0..28, place on the genre's
        circle). Movies of a genre are neighbouring rows, in the order of the circle.
    """
    generator = np.random.default_rng(1)
    count = len(NOUNS) * MOVIES_PER_GENRE
    free = np.setdiff1d(np.arange(1, 4001), EXAMPLE_IDS)
    ids = generator.choice(free, size=count, replace=False)
    rows = []
    for genre, nouns in NOUNS.items():
        names = [f"The {adjective} {noun}" for adjective in ADJECTIVES for noun in nouns]
        generator.shuffle(names)
        for position, name in enumerate(names[:MOVIES_PER_GENRE]):
            rows.append((f"{name} ({FIRST_YEAR + position})", genre, position))
    start = list(NOUNS).index(EXAMPLE_GENRE) * MOVIES_PER_GENRE + EXAMPLE_POSITION
    ids[start : start + len(EXAMPLE_IDS)] = EXAMPLE_IDS
    index = pd.Index(ids, name="item", dtype="int64")
    return pd.DataFrame(rows, columns=["title", "genre", "position"], index=index)


def make_demo() -> Interactions:
    """Generate the demo's interactions; every call returns the same.

    Returns:
        400 users (1..400) with 5 to 80 interactions each, a user's rows in the order of time,
        with ratings of 1 to 5 (3 and more along a circle). Times are unix seconds and overlap
        between users, so that a split by time leaves users on both sides.
    """
    movies = demo_movies()
    generator = np.random.default_rng(2)
    frames = [_make_user(user, movies, generator) for user in range(1, USERS + 1)]
    table = pd.concat(frames, ignore_index=True)
    return Interactions(table, movies["title"], "movie_ids", "demo", movies["genre"])


def _make_user(user: int, movies: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    pace = PACES[user % len(PACES)]
    length = int(generator.integers(SHORTEST, LONGEST + 1))
    rows, jumped = _walk(pace, length, len(movies), generator)
    days = generator.uniform(0, 300) + np.cumsum(generator.exponential(0.5, size=length))
    return pd.DataFrame(
        {
            "user": np.full(length, user, dtype=np.int64),
            "item": movies.index.to_numpy()[rows],
            "time": START + (days * DAY).astype(np.int64) + np.arange(length),
            "rating": generator.integers(np.where(jumped, 1, 3), 6).astype(np.float32),
        }
    )


def _walk(
    pace: int, length: int, movies: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Catalogue rows in the order of viewing, and which were jumped to; both `(length,)`."""
    seen = np.zeros(movies, dtype=bool)
    rows = np.empty(length, dtype=np.int64)
    jumped = np.zeros(length, dtype=bool)
    for step in range(length):
        successor = None
        if step and generator.random() >= JUMP_RATE:
            successor = _next_unseen(rows[step - 1], pace, seen)
        jumped[step] = successor is None
        rows[step] = generator.choice(np.flatnonzero(~seen)) if successor is None else successor
        seen[rows[step]] = True
    return rows, jumped


def _next_unseen(row: int, pace: int, seen: np.ndarray) -> int | None:
    """The first unseen movie ahead on the circle of `row`, or None when all are seen."""
    first = row - row % MOVIES_PER_GENRE
    ahead = (row - first + pace * np.arange(1, MOVIES_PER_GENRE)) % MOVIES_PER_GENRE + first
    unseen = ahead[~seen[ahead]]
    return int(unseen[0]) if len(unseen) else None
