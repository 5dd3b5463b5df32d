import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

SIZE = (1200, 900)


@pytest.fixture(scope="session")
def browser() -> Iterator["webdriver.Chrome"]:
    """Chromium without a window; what it fetches and complains of is logged."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no chromium with chromedriver; on Debian: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield chrome
    chrome.quit()


@pytest.fixture
def opened(browser: "webdriver.Chrome") -> Callable[..., "webdriver.Chrome"]:
    """Opens a page of a given width, in a light or dark system."""

    def open_page(path: Path, width: int = SIZE[0], scheme: str = "light") -> "webdriver.Chrome":
        screen = {"width": width, "height": SIZE[1], "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        preference = {"name": "prefers-color-scheme", "value": scheme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [preference]})
        for kind in ("browser", "performance"):
            browser.get_log(kind)
        browser.get(path.as_uri())
        return browser

    return open_page


@pytest.fixture
def fetched(browser: "webdriver.Chrome") -> Callable[[], list[str]]:
    """Tells what was asked for since the page was opened, other than data inside it."""

    def urls() -> list[str]:
        events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        asked = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [url for params in asked if not (url := params["request"]["url"]).startswith("data:")]

    return urls
