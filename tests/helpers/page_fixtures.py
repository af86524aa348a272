"""The page at `/` as somebody sees it who has a keyboard and a mouse, in a real Chromium."""

import json
import os
import shutil
import time

import pytest

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
TEXTS = "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)"


class Page:
    """The page as somebody sees it who has a keyboard and a mouse."""

    def __init__(self, driver, url: str):
        self.driver = driver
        self.url = url

    def open(self, fragment: str = "") -> None:
        # Another page first: a new fragment alone would not load the page anew.
        self.driver.get("about:blank")
        self.driver.get(f"{self.url}/{fragment}")

    def all(self, selector: str) -> list:
        return self.driver.find_elements("css selector", selector)

    def one(self, selector: str):
        return self.driver.find_element("css selector", selector)

    def texts(self, selector: str) -> list[str]:
        return self.driver.execute_script(TEXTS, selector)

    def becomes(self, script: str, expected: object, *arguments: str) -> None:
        """Wait until a script returns what is expected."""
        until = time.monotonic() + 10
        while (found := self.driver.execute_script(script, *arguments)) != expected:
            assert time.monotonic() < until, f"expected {expected}, found {found}"
            time.sleep(0.02)

    def shows(self, selector: str, *texts: str) -> None:
        """Wait until these are the texts of what a selector finds."""
        self.becomes(TEXTS, list(texts), selector)

    def history(self, *titles: str) -> None:
        self.shows("#history .title", *titles)

    def answers(self, *titles: str) -> None:
        self.shows("#columns .title", *titles)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def focused(self) -> str:
        """What a screen reader calls the element with the focus."""
        return self.driver.switch_to.active_element.accessible_name

    def choose(self, select: str, value: str) -> None:
        self.one(f"#{select} option[value='{value}']").click()

    def requests(self) -> list[str]:
        """The URLs asked for since the last time."""
        entries = [json.loads(entry["message"]) for entry in self.driver.get_log("performance")]
        sent = [e["message"] for e in entries]
        return [
            message["params"]["request"]["url"]
            for message in sent
            if message["method"] == "Network.requestWillBeSent"
        ]

    def is_sound(self) -> None:
        """Nothing in the console, no other origin asked, no scrolling to the side."""
        assert self.driver.get_log("browser") == []
        assert [u for u in self.requests() if not u.startswith((self.url, "about:", "data:"))] == []
        width = "return document.documentElement.scrollWidth - innerWidth"
        assert self.driver.execute_script(width) == 0


@pytest.fixture(scope="module")
def driver():
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if not all(programs):
        message = "no Chromium: expected chromium and chromedriver (apt-get install -y chromium "
        message += "chromium-driver)"
        # Under CI a skipped proof would go unnoticed.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(programs[1]))
    yield driver
    driver.quit()


@pytest.fixture(params=SIZES)
def page(request, driver, film_server):
    """The page at two sizes; whatever a test does with it, it must be sound afterwards."""
    width, height = SIZES[request.param]
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page = Page(driver, film_server.url)
    yield page
    page.is_sound()
