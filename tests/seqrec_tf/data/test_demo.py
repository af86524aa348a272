"""The demo is the same in every run, and its next movie follows from the chain, not popularity."""

import numpy as np
import pandas as pd

from seqrec_tf.data.demo import MOVIES_PER_GENRE, PACES, demo_movies, make_demo


def _histories() -> list[np.ndarray]:
    """Catalogue rows of each user's movies, oldest first."""
    row_of = {item: row for row, item in enumerate(demo_movies().index)}
    rows = make_demo().table.assign(row=lambda table: table["item"].map(row_of))
    return [group["row"].to_numpy() for _, group in rows.groupby("user")]


def test_every_call_returns_the_same():
    first, second = make_demo(), make_demo()
    pd.testing.assert_frame_equal(first.table, second.table)
    pd.testing.assert_series_equal(first.titles, second.titles)


def test_size_types_and_ranges():
    demo = make_demo()
    lengths = demo.table.groupby("user").size()
    assert len(lengths) == 400
    assert lengths.min() == 5 and lengths.max() == 79  # drawn from 5 to 80
    assert demo.table.dtypes.astype(str).to_dict() == {
        "user": "int64",
        "item": "int64",
        "time": "int64",
        "rating": "float32",
    }
    assert demo.id_name == "movie_ids"
    assert set(demo.table["rating"]) == {1, 2, 3, 4, 5}
    assert not demo.table.duplicated(["user", "item"]).any()
    assert demo.table.groupby("user")["time"].apply(lambda times: times.diff().min() > 0).all()


def test_catalogue_has_unique_titles_and_scattered_ids():
    movies = demo_movies()
    assert len(movies) == 10 * 29
    assert movies.index.is_unique and movies["title"].is_unique
    assert movies.index.min() >= 1 and movies.index.max() <= 4000
    assert movies["title"].str.fullmatch(r"The \w+ \w+ \(\d{4}\)").all()


def test_readme_example_is_a_stretch_of_one_circle():
    movies = demo_movies().loc[[1193, 661, 914]]
    assert movies["genre"].nunique() == 1
    assert list(movies["position"].diff()[1:]) == [1, 1]


def test_popularity_is_nearly_flat_and_cannot_predict():
    histories = _histories()
    counts = np.bincount(np.concatenate([history[:-1] for history in histories]), minlength=290)
    # 16,370 interactions over 290 movies are 56 each; a uniform draw varies by sqrt(56) = 7.5.
    assert counts.max() < 2 * counts.mean()
    hits = 0
    for history in histories:
        unseen = np.setdiff1d(np.arange(290), history[:-1])
        hits += history[-1] in unseen[np.argsort(-counts[unseen])][:10]
    # Ten of the 210 to 285 unseen movies: at most 10 / 210 = 0.048, plus luck.
    assert hits / len(histories) < 0.07


def test_two_movies_predict_what_one_cannot():
    steps = []
    for history in _histories():
        for before, last, following in zip(history, history[1:], history[2:], strict=False):
            pace = (last - before) % MOVIES_PER_GENRE
            same_circle = last // MOVIES_PER_GENRE == before // MOVIES_PER_GENRE
            if same_circle and pace in PACES:
                circle = last - last % MOVIES_PER_GENRE
                follows = {p: circle + (last + p - circle) % MOVIES_PER_GENRE for p in PACES}
                others = [follows[p] for p in PACES if p != pace]
                steps.append((following == follows[pace], following in others))
    with_pace, other_pace = np.mean(steps, axis=0)
    # A step of the walk has probability 0.9; some step on over a seen movie, or follow a jump
    # that looks like a pace.
    assert 0.75 < with_pace < 0.92
    assert other_pace < 0.1


def test_a_quarter_of_the_users_keeps_each_pace():
    paces = []
    for history in _histories():
        steps = (np.diff(history) % MOVIES_PER_GENRE)[np.diff(history // MOVIES_PER_GENRE) == 0]
        paces.append(max(PACES, key=lambda pace, steps=steps: (steps == pace).sum()))
    # So from one movie alone no more than a quarter of 0.9 can be right.
    for pace in PACES:
        assert abs(np.mean(np.array(paces) == pace) - 0.25) < 0.05
