"""The page at `/` in a real Chromium, at the width of a desktop and of a phone."""

import shutil
import time
from urllib.parse import quote

import pytest

ALIEN, GARDEN, TAG, AMELIE, LIGHTS, VALLEY, TRAIN, FAR = [
    "Alien Harbour (1979)",
    "The Alien Garden (1985)",
    "<img src=x onerror=window.broken=1>",
    "Amélie's Voyage (2001)",
    "Harbour Lights (1990)",
    "Silent Valley (1971)",
    "Night Train (1959)",
    "Far Away (2020)",
]


@pytest.fixture
def keys():
    from selenium.webdriver.common.keys import Keys

    return Keys


def test_without_a_history_the_most_popular(page):
    page.open()
    page.answers(GARDEN, ALIEN, TAG, VALLEY, AMELIE)
    page.shows("#summary", "No history yet, so these are the most popular titles.")
    page.shows("#columns .score", "5.500", "4.250", "3.000", "2.000", "1.500")
    page.shows("#found", "8 titles. Enter adds the first one found.")
    assert page.one("#other-label").is_displayed()


def test_search_and_add_with_the_keyboard(page, keys):
    page.open("#model=films&version=1")
    page.one("#search").send_keys("alien")
    page.shows("#results .title", ALIEN, GARDEN)
    page.shows("#found", "2 titles.")
    page.press(keys.ARROW_DOWN, keys.ARROW_DOWN)
    assert page.focused() == f"Add {GARDEN}"
    page.press(keys.ENTER)
    page.history(GARDEN)
    page.answers(TAG, AMELIE, LIGHTS, VALLEY, TRAIN)
    page.press(keys.ESCAPE)
    assert page.focused() == "Search the catalogue"
    # Enter adds the first one, however fast it comes.
    page.press(keys.CONTROL + "a", "far" + keys.ENTER)
    page.history(GARDEN, FAR)
    page.answers(ALIEN, GARDEN, TAG, AMELIE, LIGHTS)
    page.shows("#summary", "After 2 titles, best first.")
    page.shows("#announcer", f"Added {FAR}, number 2 of the history.")


def test_nothing_found(page):
    page.open()
    page.one("#search").send_keys("zebra")
    page.shows("#found", "Nothing found for “zebra”.")
    page.shows("#results .title")


def test_reorder_by_keyboard_keeps_the_focus(page, keys):
    page.open("#model=films&version=1&history=101,104,105")
    page.history(ALIEN, AMELIE, LIGHTS)
    page.answers(VALLEY, TRAIN, FAR, ALIEN, GARDEN)
    page.one("#history li:nth-child(3) .up").send_keys(keys.ENTER)
    page.history(ALIEN, LIGHTS, AMELIE)
    page.answers(LIGHTS, VALLEY, TRAIN, FAR, ALIEN)
    assert page.focused() == f"Move {LIGHTS} up"
    page.press(keys.SPACE)
    page.history(LIGHTS, ALIEN, AMELIE)
    page.shows("#announcer", f"{LIGHTS} is number 1 of 3 now.")
    # At the top already: nothing happens, and the focus stays.
    page.press(keys.ENTER)
    page.history(LIGHTS, ALIEN, AMELIE)
    assert page.focused() == f"Move {LIGHTS} up"
    page.press(keys.TAB, keys.ENTER)
    page.history(ALIEN, LIGHTS, AMELIE)
    assert page.focused() == f"Move {LIGHTS} down"


def test_remove_and_clear(page, keys):
    page.open("#model=films&version=1&history=101,104,105")
    page.history(ALIEN, AMELIE, LIGHTS)
    page.one("#history li:nth-child(3) .remove").send_keys(keys.ENTER)
    page.history(ALIEN, AMELIE)
    page.answers(LIGHTS, VALLEY, TRAIN, FAR, ALIEN)
    assert page.focused() == f"Remove {AMELIE}"
    page.one("#clear").click()
    page.history()
    page.answers(ALIEN, GARDEN, TAG, AMELIE, LIGHTS)
    assert page.one("#nothing").is_displayed()


def test_drag(page):
    from selenium.webdriver import ActionChains

    page.open("#model=films&version=1&history=101,104,105")
    page.history(ALIEN, AMELIE, LIGHTS)
    first, _, last = page.all("#history .title")
    ActionChains(page.driver).drag_and_drop(last, first).perform()
    page.history(LIGHTS, ALIEN, AMELIE)


def test_add_from_the_recommendations(page):
    page.open("#model=films&version=1&history=104")
    page.answers(LIGHTS, VALLEY, TRAIN, FAR, ALIEN)
    page.one("#columns li:nth-child(4) .add").click()
    page.history(AMELIE, FAR)
    page.answers(ALIEN, GARDEN, TAG, AMELIE, LIGHTS)
    # The button pressed is gone with its row; the focus is on the one in its place.
    assert page.focused() == f"Add {AMELIE} to the history"


def test_two_versions_side_by_side(page):
    page.open("#model=films&version=1&history=101")
    page.answers(GARDEN, TAG, AMELIE, LIGHTS, VALLEY)
    page.choose("other", "2")
    page.shows("h3", "Version 1", "Version 2")
    before, after = [GARDEN, TAG, AMELIE, LIGHTS, VALLEY], [TAG, GARDEN, AMELIE, TRAIN, LIGHTS]
    page.answers(*before, *after)
    page.shows("article:first-child .mark", "", "", "", "", "gone")
    marks = ["▲ up 1", "▼ down 1", "same place", "new", "▼ down 1"]
    script = """return [...document.querySelectorAll("article:last-child .mark")].map((e) =>
        getComputedStyle(e, "::before").content.match(/^"(.*?)"|/)[1] ?? "")"""
    arrows = page.driver.execute_script(script)
    words = page.texts("article:last-child .mark")
    assert [arrow + word for arrow, word in zip(arrows, words, strict=True)] == marks
    sentence = (
        "With version 2 instead of 1: 1 stay in place, 1 move up, 2 move down, 1 new, 1 gone."
    )
    page.shows("#summary", sentence)
    # Next to each other where there is room, else below each other.
    left, right = (element.rect for element in page.all("article"))
    wide = left["y"] == right["y"] and left["x"] < right["x"]
    narrow = left["x"] == right["x"] and left["y"] < right["y"]
    assert wide if page.driver.execute_script("return innerWidth") > 1000 else narrow


def test_the_versions_swap(page):
    page.open("#model=films&version=1&other=2&history=101")
    page.shows("h3", "Version 1", "Version 2")
    page.choose("version", "2")
    page.shows("h3", "Version 2", "Version 1")
    page.choose("other", "")
    page.shows("h3", "Version 2")
    page.answers(TAG, GARDEN, AMELIE, TRAIN, LIGHTS)


def test_the_state_is_in_the_url(page):
    page.open("#model=films&version=1&other=2&history=101,1152921504606846977")
    page.history(ALIEN, FAR)
    page.one("#history li:first-child .down").click()
    page.history(FAR, ALIEN)
    page.choose("other", "")
    end = "/#model=films&version=1&history=1152921504606846977,101"
    assert page.driver.current_url.endswith(end)
    # As when somebody pastes a link into the same tab.
    page.driver.execute_script("location.hash = '#model=films&version=2&history=104'")
    page.history(AMELIE)
    page.answers(VALLEY, LIGHTS, TRAIN, GARDEN, FAR)


@pytest.mark.parametrize("fragment", ["#model=none&version=9&history=101", "#%ff&history=101&=&x"])
def test_links_to_what_is_not_served(page, fragment):
    page.open(fragment)
    page.history(ALIEN)
    page.shows("h3", "Version 2")


def test_ids_that_the_catalogue_does_not_know(page):
    page.open("#model=films&version=1&history=5,nonsense")
    page.history("5", "nonsense")
    page.shows("#history .id", *["not in this catalogue, so skipped"] * 2)
    page.shows("#summary", "None of these ids is known, so these are the most popular titles.")


def test_titles_never_become_html(page):
    page.open("#model=films&version=1&other=2&history=103,102")
    page.history(TAG, GARDEN)
    page.one("#search").send_keys("onerror")
    page.shows("#results .title", TAG)
    assert TAG in page.texts("#columns .title")
    assert page.all("img") == []
    assert page.driver.execute_script("return window.broken") is None


def test_string_ids(page):
    page.open("#model=words&version=1")
    page.one("#search").send_keys("night")
    page.shows("#results .title", TRAIN)
    page.one("#results button").click()
    page.answers(FAR, ALIEN, GARDEN, TAG, AMELIE)
    assert page.driver.current_url.endswith(f"history={quote('film, 107')}")
    page.open(f"#model=words&history={quote('film, 104')}")
    page.history(AMELIE)
    page.answers(LIGHTS, VALLEY, TRAIN, FAR, ALIEN)
    assert not page.one("#other-label").is_displayed()


def test_a_model_without_a_catalogue_takes_ids_by_hand(page, keys):
    page.open("#model=seqrec")
    page.shows("#search-label", "Add ids")
    page.shows("#found", "This model has no catalogue of titles: type ids and press Enter.")
    page.one("#search").send_keys("5, 6 x" + keys.ENTER)
    page.shows("#found", "Expected integers: “5, 6 x”")
    page.press(keys.BACKSPACE, keys.BACKSPACE, keys.ENTER)
    page.history("5", "6")
    # After two items come 3 and 4; the third place of the answer is filler.
    page.answers("Movie 3", "Movie 4")


def test_a_model_that_is_no_recommender(page):
    page.open("#model=half")
    page.shows(
        "#error",
        "Version 20 of half has no signature “ragged” that takes ids and row_splits; this page is "
        "for recommenders that have it.",
    )
    page.choose("model", "films")
    page.answers(GARDEN, ALIEN, TAG, VALLEY, AMELIE)
    assert not page.one("#error").is_displayed()


def test_each_model_keeps_its_history(page):
    page.open("#model=films&version=2&history=104")
    page.answers(VALLEY, LIGHTS, TRAIN, GARDEN, FAR)
    page.choose("model", "words")
    page.history()
    page.choose("model", "films")
    page.history(AMELIE)


def test_versions_come_and_go(page, film_server, film_root):
    page.open("#model=words&history=nothing")
    page.shows("#version option", "1")
    served = "return fetch('demo/models').then((answer) => answer.json())"
    versions = f"{served}.then(({{ models }}) => models.at(-1).versions.join())"
    shutil.copytree(film_root / "words/1", film_root / "words/incoming-2")
    (film_root / "words/incoming-2").rename(film_root / "words/2")
    page.becomes(versions, "2,1")
    # As when somebody comes back to the page from the shell.
    page.driver.execute_script("dispatchEvent(new Event('focus'))")
    page.shows("#version option", "2 (newest)", "1")
    page.choose("version", "2")
    page.shows("h3", "Version 2")
    shutil.rmtree(film_root / "words/2")
    page.becomes(versions, "1")
    page.one("#columns .add").click()
    page.shows("h3", "Version 1")
    page.shows("#notice", "Version 2 is not served any more: this is version 1.")
    assert not page.one("#error").is_displayed()
    # Chromium notes that the version was not there, and nothing else.
    assert ["404" in entry["message"] for entry in page.driver.get_log("browser")] == [True]


def test_changes_in_quick_succession_are_one_request(page):
    page.open("#model=films&version=1&history=104")
    page.answers(LIGHTS, VALLEY, TRAIN, FAR, ALIEN)
    page.requests()
    page.driver.execute_script(
        "for (let i = 0; i < 3; i++) document.querySelector('#columns .add').click()"
    )
    page.answers(VALLEY, TRAIN, FAR, ALIEN, GARDEN)
    assert [url for url in page.requests() if url.endswith(":predict")] == [
        f"{page.url}/v1/models/films/versions/1:predict"
    ]


def test_an_answer_that_comes_late_is_dropped(page):
    page.open("#model=films&version=1&history=104")
    page.answers(LIGHTS, VALLEY, TRAIN, FAR, ALIEN)
    # The next prediction takes a second longer than those after it.
    page.driver.execute_script(
        """
        const ask = window.fetch;
        let asked = false;
        window.fetch = async (path, options) => {
          const slow = path.endsWith(":predict") && !asked;
          asked = asked || slow;
          const answer = await ask(path, options);
          if (slow) {
            window.late = "held back";
            await new Promise((done) => setTimeout(done, 1000));
            window.late = "let go";
          }
          return answer;
        };
        """
    )
    click = "document.querySelector(arguments[0]).click()"
    page.driver.execute_script(click, "#columns li:nth-child(4) .add")
    page.becomes("return window.late", "held back")
    page.driver.execute_script(click, "#history li:last-child .remove")
    page.driver.execute_script(click, "#columns li:nth-child(2) .add")
    page.answers(TRAIN, FAR, ALIEN, GARDEN, TAG)
    page.becomes("return window.late", "let go")
    time.sleep(0.1)
    page.answers(TRAIN, FAR, ALIEN, GARDEN, TAG)


def test_the_request_as_a_command(page):
    page.open(f"#model=films&version=1&history={2**60 + 1},x,101")
    page.answers(GARDEN, TAG, AMELIE, LIGHTS, VALLEY)
    page.one("details summary").click()
    page.shows(
        "#shell",
        f"curl {page.url}/v1/models/films/versions/1:predict \\\n"
        '  -d \'{"signature_name": "ragged", "inputs": {"film_ids": '
        '[1152921504606846977, 101], "row_splits": [0, 2]}}\'',
    )
