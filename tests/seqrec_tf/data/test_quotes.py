r"""Quotes of CSV and TSV: every row is read, or the file refused with its line; none vanishes."""

import gzip

import pytest
from helpers.small_logs import load_log, refused, write_csv, write_log

from export.batch.histories import Histories, Source, write_histories
from seqrec_tf.data import quotes
from seqrec_tf.data.tables import read_table, read_tables
from seqrec_tf.errors import InputError

HEADER = "user_id,item_id,timestamp,title"


def tsv(tmp_path, *lines: str, header: str = HEADER, name: str = "log.tsv", end="\n") -> str:
    """A TSV file; in `lines` a comma stands for a tab."""
    text = "".join(line + end for line in (header, *lines)).replace(",", "\t")
    path = write_log(tmp_path, text, name)
    if name.endswith(".gz"):
        (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    return path


@pytest.fixture(params=[1 << 20, 7], ids=["whole", "blocks of 7 bytes"])
def block(request, monkeypatch):
    monkeypatch.setattr(quotes, "BLOCK", request.param)


UNPAIRED = {  # titles of five rows
    "opening twice": ['"Heroes', "b", 'c', '"Villains', "e"],
    "opening once": ["a", '"Heroes', "c", "d", "e"],
    "in the last row": ["a", "b", "c", "d", '"Heroes'],
    "closing": ["a", 'Heroes"', "c", 'Villains"', "e"],
    "in the middle": ["a", '12" vinyl', "c", 'a "real" one', "e"],
    "text after a closing quote": ["a", '"real" Heroes', "c", '"Heroes" 2', "e"],
    "backslashes": ["a", r'"say \"hi\" now"', "c", r'"\"hi\""', "e"],
    "nothing but a quote": ["a", '"', "c", "d", "e"],
    "three quotes": ["a", '"""Heroes', "c", "d", "e"],
    "quotes that are closed too": ['"Heroes', '"b"', '""', '"d ""x"""', "e"],
}  # fmt: skip


@pytest.mark.parametrize("titles", UNPAIRED)
@pytest.mark.parametrize("name", ["log.tsv", "log.tsv.gz"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_unpaired_quotes_of_tsv_are_text(titles, name, end, block, tmp_path):
    """Also in a column that nobody asked for, which `title` is."""
    rows = [f"u,{item},{item},{text}" for item, text in enumerate(UNPAIRED[titles], start=1)]
    path = tsv(tmp_path, *rows, name=name, end=end)
    assert load_log(path).table["item"].tolist() == [1, 2, 3, 4, 5]
    assert [len(piece.frame) for piece in read_tables(path, None, "--log", 2)] == [1, 2, 2]
    found = read_table(path, None, "--log").frame["title"].tolist()
    closed = {'"b"': "b", '""': "", '"d ""x"""': 'd "x"'}
    assert found == [closed.get(text, text) for text in UNPAIRED[titles]]


@pytest.mark.parametrize("place", range(4))
def test_unpaired_quotes_in_any_column_and_the_header(place, tmp_path):
    names = ["user_id", "item_id", "timestamp", "title"]
    row = ["u", "7", "1", "x"]
    row[place] = '"' + row[place]
    path = tsv(tmp_path, ",".join(row), "v,8,2,y", ",".join(row))
    if place < 2:
        table = load_log(path).table
        assert table.iloc[:, place].tolist() == [row[place], ("v", "8")[place], row[place]]
    elif place == 2:
        assert "line 2, column 'timestamp'" in refused(path)
    else:
        assert len(load_log(path).table) == 3
    names[place] = '"' + names[place]
    path = tsv(tmp_path, "u,7,1,x", "v,8,2,y", header=",".join(names))
    if place < 3:
        assert "line 1: expected one column" in refused(path)
    else:
        assert len(load_log(path).table) == 2


def test_unpaired_quotes_in_batch_scoring(tmp_path):
    rows = [f"u,{item},{item},{text}" for item, text in enumerate(UNPAIRED["opening twice"], 1)]
    path = tsv(tmp_path, *rows)
    source = Source(tmp_path / "log.tsv", "user_id", "item_id", "timestamp", None, "int64")
    write_histories(source, tmp_path / "log.sqlite")
    ((user, items, _),) = Histories(tmp_path / "log.sqlite").between(1, 1)
    assert (user, items) == ("u", [1, 2, 3, 4, 5])
    path = write_csv(tmp_path, *rows, header=HEADER)
    with pytest.raises(InputError, match="log.csv, line 2 or later: expected CSV with every quote"):
        source = Source(tmp_path / "log.csv", "user_id", "item_id", "timestamp", None, "int64")
        write_histories(source, tmp_path / "log.sqlite")
    assert path


@pytest.mark.parametrize(
    ("titles", "line"),
    [
        ("opening twice", 2),
        ("opening once", 3),
        ("in the last row", 6),
        ("text after a closing quote", 3),
        ("backslashes", 3),
        ("nothing but a quote", 3),
        ("three quotes", 3),
        ("quotes that are closed too", 2),
    ],
)
def test_unpaired_quotes_of_csv_are_refused(titles, line, block, tmp_path):
    rows = [f"u,{item},{item},{text}" for item, text in enumerate(UNPAIRED[titles], start=1)]
    message = refused(write_csv(tmp_path, *rows, header=HEADER))
    assert f"log.csv, line {line} or later: expected CSV with every quote closed" in message
    header = HEADER.replace("title", '"title')
    assert "log.csv, line 1" in refused(write_csv(tmp_path, *rows, header=header))


def test_quotes_in_the_middle_of_a_cell_are_text(tmp_path):
    for titles in ("closing", "in the middle"):
        rows = [f"u,{item},{item},{text}" for item, text in enumerate(UNPAIRED[titles], start=1)]
        path = write_csv(tmp_path, *rows, header=HEADER)
        assert read_table(path, None, "--log").frame["title"].tolist() == UNPAIRED[titles]


@pytest.mark.parametrize("name", ["log.csv", "log.tsv"])
@pytest.mark.parametrize(
    "rows",
    [
        ['u,7,1,"Heroes', "u,8,2,x", 'u,9,3,Villains"'],
        ['u,7,1,"Heroes', 'u,9,3,Villains"'],
        ['"u,7,1,Heroes', "u,8,2,x", 'u",9,3,Villains'],
        ['u,7,2024-01-01,"Heroes', 'u,8,2024-01-02,"",', 'u,9,2024-01-03,Villains"'][::2],
        ['u,7,1,"Heroes', 'u,8,2,""', 'u,9,3,Villains"'],
        ['"u",7,1,"Heroes', '"u",8,2,x', 'u,9,3,Villains"'][::2],
        ['u,"7",1,"Heroes', 'u,9,3,Villains"'],
        ['u,7,1,"Heroes', "", "u,8,2,x", " ", 'u,9,3,Villains"'],
        ['u,7,1,"Heroes', "u,8,2,x,one too many", 'u,9,3,Villains"'],
        ['u,7,1,"Heroes', "u,8,2,x", "one too few", 'u,9,3,Villains"'],
        ['u,7,1,"Heroes,one too many', "u,8,2,x", 'u,9,3,Villains"'],
        ['u,7,1,"Heroes', 'u,9,3,Villains,one too many"'],
    ],
)
def test_a_quote_that_a_later_row_closes(rows, name, block, tmp_path):
    """It is CSV, and may be a title of several lines; but then rows may be lost."""
    path = write_csv(tmp_path, "a,1,1,t", *rows, "z,2,2,t", header=HEADER)
    if name == "log.tsv":
        path = tsv(tmp_path, "a,1,1,t", *rows, "z,2,2,t")
    assert refused(path) == (
        f"{path}, line 3: expected a quoted cell. Received: a quote that is closed in line "
        f"{2 + len(rows)} only, and the lines from here to there could be rows of their own."
    )


@pytest.mark.parametrize(
    "title",
    ["Seven\nSamurai", "Seven\n\nSamurai, the movie", "a, b\nc, d", "a\r\nb", "a\rb", '"\n"', "\n"]
    + ["Good, Bad", 'a ""quote""', "x\n" * 50, "a,b,c\nd,e,f", " ", ""],
)
@pytest.mark.parametrize("at", [1, 3])
def test_titles_of_several_lines_are_read(title, at, block, tmp_path):
    """In CSV, and in TSV as pandas writes it."""
    names, row = HEADER.split(","), ["u", "7", "1"]
    names.insert(at, names.pop()), row.insert(at, '"' + title.replace('"', '""') + '"')
    text = "".join(",".join(cells) + "\n" for cells in (names, row, row))
    frame = read_table(write_log(tmp_path, text), None, "--log").frame
    assert frame["title"].tolist() == [title] * 2 and frame["item_id"].tolist() == ["7"] * 2
    text = text.replace(",", "\t")
    frame = read_table(write_log(tmp_path, text, "log.tsv"), None, "--log").frame
    assert frame["title"].tolist() == [title.replace(",", "\t")] * 2


def test_titles_of_several_lines_in_a_table_of_two_columns(tmp_path):
    text = 'item_id,title\n7,"Seven\nSamurai, the movie\n12 V, 2 Ah\n"\n8,Eight\n'
    titles = load_log(
        write_csv(tmp_path, "u,7,1"), titles=write_log(tmp_path, text, "titles.csv")
    ).titles
    assert titles.to_dict() == {7: "Seven\nSamurai, the movie\n12 V, 2 Ah\n", 8: "Eight"}


@pytest.mark.parametrize("name", ["log.csv", "log.tsv"])
def test_a_quote_that_is_never_closed_does_not_fill_the_memory(name, tmp_path, monkeypatch):
    monkeypatch.setattr(quotes, "BLOCK", 100)
    monkeypatch.setattr(quotes, "LONGEST_CELL", 300)
    rows = ["a,1,1,t", 'u,7,1,"Heroes', *["u,8,2,x"] * 200]
    if name == "log.tsv":
        assert len(load_log(tsv(tmp_path, *rows)).table) == 202
    else:
        message = refused(write_csv(tmp_path, *rows, header=HEADER))
        assert "line 3 or later: expected CSV with every quote closed" in message


@pytest.mark.parametrize("name", ["log.csv", "log.tsv", "log.csv.gz"])
@pytest.mark.parametrize("size", [131_072, 131_073, 400_000])
@pytest.mark.parametrize("quote", ["", '"'])
def test_huge_cells_are_read(name, size, quote, tmp_path):
    mark = "\t" if "tsv" in name else ","
    header, row = "user_id,item_id,title,timestamp\n", f"u,7,{quote}{'x' * size}{quote},1\n"
    text = (header + row * 2).replace(",", mark)
    path = write_log(tmp_path, text, name)
    if name.endswith("gz"):
        (tmp_path / name).write_bytes(gzip.compress(text.encode(), 1))
    assert load_log(path).table["item"].tolist() == [7, 7]
    assert read_table(path, None, "--log").frame["title"].str.len().tolist() == [size] * 2
    (tmp_path / "short.csv").write_text(text.replace(mark, ",") + "u,7,x\n")
    message = refused(str(tmp_path / "short.csv"))
    assert "line 4: expected 4 values as in the header. Received: 3" in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"{HEADER}\nu,7,1,a\nu,8,2,b\0c\n".encode(), "line 3: expected UTF-8 text. Received: a"),
        (f"{HEADER}\nu,7,1,a\n".encode("utf-16"), "line 1: expected UTF-8 text. Rec"),
        (f"{HEADER}\nu,7,1,a\n".encode("utf-16-be"), "line 1: expected UTF-8 text. Rec"),
        (f"{HEADER}\nu,7,1,é\n".encode("latin-1"), "line 2: expected UTF-8 text. Received: u,7,1,"),
        (f'{HEADER}\nu,7,1,"a\n'.encode("utf-8-sig"), "line 2 or later: expected CSV with every"),
        (f'"user_id",{HEADER[8:]}\nu,7,1\n'.encode("utf-8-sig"), "line 2: expected 4 values as in"),
        (f'{HEADER}\nu,7,1,a\n""\n'.encode(), "line 3: expected 4 values as in the header. Rec"),
    ],
)  # fmt: skip
def test_other_damage(content, said, block, tmp_path):
    (tmp_path / "log.csv").write_bytes(content)
    assert said in refused(str(tmp_path / "log.csv"))


def test_old_line_ends(block, tmp_path):
    text = HEADER + '\ru,7,1,"a\rb"\ru,8,2,c\r'
    assert len(load_log(write_log(tmp_path, text)).table) == 2
    message = refused(write_log(tmp_path, text.replace('b"', "b")))
    assert "line 2 or later: expected CSV with every quote closed" in message
