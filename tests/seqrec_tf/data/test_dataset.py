"""From a log to a split dataset: hand cases first, then the published figures of ml-1m."""

import numpy as np
import pandas as pd
import pytest

from seqrec_tf.data.dataset import Dataset, load_dataset
from seqrec_tf.data.filters import prepare
from seqrec_tf.data.movielens import load_movielens
from seqrec_tf.data.protocols import protocol_label, resolve_filters
from seqrec_tf.errors import InputError
from seqrec_tf.settings.config import DataConfig

# Rows are not in the order of time: ann watched 10, 20, 30, 40 and ben 20, 30, 10; cy only 50, 20.
LOG = """user_id,item_id,timestamp
ann,40,9
ann,10,1
ben,10,8
cy,50,2
ann,30,5
ben,20,3
ann,20,4
ben,30,7
cy,20,6
"""


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    return str(path)


def _raw(dataset, rows) -> list:
    """Raw ids of item rows; None for row 0."""
    ids = [None, *dataset.catalogue.ids.tolist()]
    return [[ids[row] for row in line] for line in rows]


def _queries(dataset, queries) -> list[tuple[list, object]]:
    targets = _raw(dataset, [queries.targets.numpy()])[0]
    return list(zip(_raw(dataset, queries.histories.to_list()), targets, strict=True))


def test_leave_one_out_of_a_log(log):
    dataset = load_dataset(DataConfig(interactions=log, protocol="P2"))
    assert dataset.catalogue.ids.tolist() == [10, 20, 30, 40, 50]
    training = _raw(dataset, dataset.split.training.to_list())
    assert training == [[10, 20], [20], [50, 20]]  # cy has no target and trains with everything
    assert _queries(dataset, dataset.split.validation) == [([10, 20], 30), ([20], 30)]
    assert _queries(dataset, dataset.split.test) == [([10, 20, 30], 40), ([20, 30], 10)]
    assert dataset.protocol == "P2"


def test_counts_come_from_the_training_part_only(log):
    dataset = load_dataset(DataConfig(interactions=log, protocol="P2"))
    # Training: ann 10, 20; ben 20; cy 50, 20. Items 30 and 40 are targets only.
    assert dataset.catalogue.counts.tolist() == [1, 3, 0, 0, 1]
    assert dataset.catalogue.popularity().tolist() == pytest.approx([0, 0.2, 0.6, 0, 0, 0.2])


def test_settings_are_resolved(log):
    config = load_dataset(DataConfig(interactions=log, protocol="P2")).config
    assert (config.id_type, config.id_name) == ("int64", "item_ids")
    assert config.min_item_count is None


def test_global_time_split_of_a_log(log):
    config = DataConfig(interactions=log, protocol="PT", validation_from=5, test_from=7)
    dataset = load_dataset(config)
    # Before 5: ann 10, 20; ben 20; cy 50. So 30 and 40 are not in the catalogue.
    assert dataset.catalogue.ids.tolist() == [10, 20, 50]
    assert dataset.catalogue.counts.tolist() == [1, 2, 1]
    assert _raw(dataset, dataset.split.training.to_list()) == [[10, 20], [20], [50]]
    # Before 7: ann 30 at 5, cy 20 at 6.
    assert _queries(dataset, dataset.split.validation) == [([10, 20], None), ([50], 20)]
    # Then ann 40 at 9; ben 30 at 7 and 10 at 8, the last of which is the target.
    assert _queries(dataset, dataset.split.test) == [([10, 20], None), ([20], 10)]


def test_global_time_split_of_nanoseconds(tmp_path):
    """The cuts are seconds; within a second the order is that of the nanoseconds."""
    rows = [(10, "00", 2), (20, "00", 1), (30, "02", 2), (40, "02", 1), (50, "04", 1)]
    lines = [f"ann,{item},2024-01-01T00:00:{at}.00000000{n}Z\n" for item, at, n in rows]
    path = tmp_path / "log.csv"
    path.write_text("user_id,item_id,timestamp\n" + "".join(lines))
    start = 1_704_067_200
    cuts = {"validation_from": start + 1, "test_from": start + 3}
    dataset = load_dataset(DataConfig(interactions=str(path), protocol="PT", **cuts))
    assert _raw(dataset, dataset.split.training.to_list()) == [[20, 10]]
    assert _queries(dataset, dataset.split.validation) == [([20, 10], None)]
    assert dataset.catalogue.ids.tolist() == [10, 20]


DAY = 86_400


def _days(tmp_path, days: float, **more) -> Dataset:
    """One interaction a day, 101 of them, the last of which is at day 100."""
    path = tmp_path / "log.csv"
    rows = [f"ann,{day + 1},{day * DAY}" for day in range(101)]
    path.write_text("user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")
    config = DataConfig(interactions=str(path), protocol="PT", test_days=days, **more)
    return load_dataset(config)


def test_the_last_days_are_the_test_and_as_many_before_them_validation(tmp_path):
    dataset = _days(tmp_path, 14)
    # Days 87 to 100 are the last fourteen, and 73 to 86 those before.
    assert dataset.split.training.row_lengths().numpy().tolist() == [73]
    assert dataset.split.validation.histories.row_lengths().numpy().tolist() == [73]
    assert 86 * DAY < dataset.config.test_from < 86 * DAY + 1
    assert dataset.protocol == "PT (test_days=14)"


def test_cuts_of_a_run_stay_when_its_log_has_grown(tmp_path):
    """What a run's config.json holds: the days that were asked for, and the cuts they gave."""
    kept = _days(tmp_path, 14, validation_from=5.0 * DAY, test_from=7.0 * DAY)
    assert kept.split.training.row_lengths().numpy().tolist() == [5]


@pytest.mark.parametrize("days", [50, 50.5, 1e9])
def test_more_days_than_the_log_has_are_refused(tmp_path, days):
    with pytest.raises(InputError) as error:
        _days(tmp_path, days)
    assert str(error.value) == (
        "--test-days: expected fewer days than half of the log, whose times, in seconds, are from "
        f"0 to 8640000 (100.0 days). Received: {days:g}."
    )


def test_default_cuts_leave_a_tenth_for_each_period(tmp_path):
    path = tmp_path / "log.csv"
    rows = [f"ann,{item},{item}" for item in range(1, 102)]
    path.write_text("user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")
    dataset = load_dataset(DataConfig(interactions=str(path), protocol="PT"))
    # Of the 101 times 1..101, 81 has 80 before it and 91 has 90 before it.
    assert (dataset.config.validation_from, dataset.config.test_from) == (81, 91)
    assert dataset.split.training.row_lengths().numpy().tolist() == [80]
    assert dataset.catalogue.size == 80


@pytest.mark.parametrize(
    ("options", "label"),
    [
        ({"protocol": "P1"}, "P1"),
        ({"protocol": "P1", "min_item_count": 5}, "P1"),
        ({"protocol": "P1", "min_item_count": 0}, "P1 (min_item_count=0)"),
        ({"protocol": "P1", "min_rating": 2.5}, "P1 (min_rating=2.5)"),
        ({"protocol": "P2"}, "P2"),
        ({"protocol": "P2", "min_item_count": 1, "min_user_count": 0}, "P2"),
        (
            {"protocol": "P2", "min_user_count": 3, "min_sequence_length": 4},
            "P2 (min_user_count=3, min_sequence_length=4)",
        ),
        ({"protocol": "P3"}, "P3"),
        ({"protocol": "P3", "min_rating": 0}, "P3 (min_rating=0)"),
        ({"protocol": "PT", "validation_from": 3, "test_from": 4}, "PT"),
    ],
)
def test_deviations_from_a_protocol_are_part_of_its_label(options, label):
    assert protocol_label(resolve_filters(DataConfig(**options))) == label


def test_protocols_bring_their_filters():
    assert resolve_filters(DataConfig(protocol="P1")).min_item_count == 5
    assert resolve_filters(DataConfig(protocol="P3")).min_rating == 2
    assert resolve_filters(DataConfig(protocol="P3", min_rating=4)).min_rating == 4


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,1,1\na,2,2\nb,1,1\n", "no user has a validation target under P2"),
        # Three items each leave one to train on, and no next item to learn from.
        ("a,1,1\na,2,2\na,3,3\n", "no user has 2 interactions in the training part under P2"),
    ],
)
def test_data_without_anything_to_learn_from_is_refused(tmp_path, rows, message):
    path = tmp_path / "log.csv"
    path.write_text("user_id,item_id,timestamp\n" + rows)
    with pytest.raises(InputError, match=message):
        load_dataset(DataConfig(interactions=str(path), protocol="P2"))


def test_cuts_in_the_wrong_order_are_refused(log):
    config = DataConfig(interactions=log, protocol="PT", validation_from=7, test_from=7)
    message = "--test-from: expected a time after --validation-from 7. Received: 7."
    with pytest.raises(InputError, match=message):
        load_dataset(config)


def test_p1_of_ml_1m_is_the_published_split(real_data):
    dataset = load_dataset(DataConfig(dataset="ml-1m", data_dir=str(real_data / "ml-1m")))
    assert dataset.protocol == "P1"
    assert dataset.catalogue.size == 3416
    assert (len(dataset.split.validation), len(dataset.split.test)) == (6040, 6040)
    # 999,611 interactions are left, of which each user holds out two.
    assert dataset.catalogue.counts.sum() == 999_611 - 2 * 6040
    read = {"sep": " ", "header": None, "names": ["new", "original"]}
    original = pd.read_csv(real_data / "ml-1m/sas_to_original_items.txt", **read)
    published = pd.read_csv(real_data / "ml-1m/ml-1m.txt", sep=" ", names=["user", "new"])
    published = published.merge(original, on="new", how="left")["original"].groupby(
        published["user"]
    )
    for queries, last in ((dataset.split.test, -1), (dataset.split.validation, -2)):
        targets = dataset.catalogue.ids[queries.targets.numpy() - 1]
        # The published file numbers users otherwise, so compare how often each is a target.
        np.testing.assert_array_equal(np.sort(targets), np.sort(published.nth(last).to_numpy()))


@pytest.mark.parametrize("given", [{}, {"validation_from": 975768738, "test_from": 978133367}])
def test_pt_of_ml_1m_does_not_leak(real_data, given):
    config = DataConfig(dataset="ml-1m", data_dir=str(real_data / "ml-1m"), protocol="PT", **given)
    dataset = load_dataset(config)
    assert (dataset.config.validation_from, dataset.config.test_from) == (975768738, 978133367)
    table = prepare(load_movielens("ml-1m", real_data / "ml-1m")).table
    before = table[table["time"] < 975768738]
    trained = dataset.catalogue.ids[dataset.split.training.flat_values.numpy() - 1]
    np.testing.assert_array_equal(trained, before["item"].to_numpy())
    assert dataset.catalogue.size == before["item"].nunique()
    lengths = dataset.split.training.row_lengths().numpy()
    times_of_users = np.split(before["time"].to_numpy(), np.cumsum(lengths)[:-1])
    assert sum(len(times) for times in times_of_users) == dataset.catalogue.counts.sum()
    assert all((np.diff(times) >= 0).all() for times in times_of_users)
