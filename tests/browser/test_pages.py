import base64
from io import BytesIO

import pytest
from PIL import Image

from coinfer.simulator.cli.compare import compare
from coinfer.simulator.report import write_report

pytest.importorskip("selenium")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

PIXEL = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HOSTILE = "</script><script>document.title = 'taken'</script>\"<b>"


@pytest.fixture(scope="module")
def pages(write_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    codecs = {f"zebra {HOSTILE}": "zebra", "apple": "apple"}
    one = write_run(folder / "one", codecs, description=HOSTILE)
    (one / "figures").mkdir()
    (one / "figures" / "dot.png").write_bytes(PIXEL)
    write_report(one, folder / "report.html")
    many = write_run(folder / "many", sweep={"link.mean_snr_db": list(range(15))})
    write_report(many, folder / "many.html")
    two = write_run(folder / "two", codecs, link={"bandwidth_hz": 3e5, "mean_snr_db": 5})
    compare([one, two], folder / "compare", as_json=False, quiet=True)
    return {
        "report": folder / "report.html",
        "many": folder / "many.html",
        "compare": folder / "compare" / "compare.html",
    }


def column(browser, number, table=0):
    return browser.execute_script(
        "const rows = [...document.querySelectorAll('.results')[arguments[1]].tBodies[0].rows];"
        "return rows.filter(row => !row.hidden).map(row => row.cells[arguments[0]].firstChild.textContent);",
        number,
        table,
    )


def heading(browser, number):
    return browser.find_elements(By.CSS_SELECTOR, ".results th")[number]


def right_edge(browser, table):
    """How bright the paper is, 0 to 255, in the third row beside the right border."""
    with Image.open(BytesIO(table.screenshot_as_png)) as drawn:
        grey = drawn.convert("L")
    top = browser.execute_script(
        "const row = arguments[0].querySelectorAll('tbody tr')[2].getBoundingClientRect();"
        "return row.top + 3 - arguments[0].getBoundingClientRect().top",
        table,
    )
    return grey.getpixel((grey.width - 3, int(top)))


@pytest.mark.parametrize("page", ["report", "compare"])
def test_it_loads_without_a_complaint_or_a_request(opened, fetched, pages, page):
    browser = opened(pages[page])
    assert browser.title != "taken"
    assert browser.find_elements(By.CSS_SELECTOR, ".drawing .mark")
    assert browser.get_log("browser") == []
    assert fetched() == [pages[page].as_uri()]


def test_a_click_sorts_by_number_up_down_and_back(opened, pages):
    browser = opened(pages["report"])
    before = column(browser, 3)
    for direction in ("ascending", "descending"):
        heading(browser, 3).find_element(By.TAG_NAME, "button").click()
        assert heading(browser, 3).get_attribute("aria-sort") == direction
        numbers = [float(text) for text in column(browser, 3)]
        assert numbers == sorted(numbers, reverse=direction == "descending")
        assert numbers[0] != numbers[-1]
    heading(browser, 3).find_element(By.TAG_NAME, "button").click()
    assert heading(browser, 3).get_attribute("aria-sort") is None
    assert column(browser, 3) == before


def test_the_keyboard_skips_sorts_and_reads_the_plot(opened, pages):
    browser = opened(pages["report"])
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the content"
    button = heading(browser, 1).find_element(By.TAG_NAME, "button")
    browser.execute_script("arguments[0].focus()", button)
    button.send_keys(Keys.ENTER)
    assert [float(text) for text in column(browser, 1)] == [-5] * 6 + [10] * 6
    drawing = browser.find_element(By.CSS_SELECTOR, ".drawing")
    browser.execute_script("arguments[0].focus()", drawing)
    first = browser.find_element(By.CSS_SELECTOR, ".tip").text
    drawing.send_keys(Keys.ARROW_RIGHT)
    second = browser.find_element(By.CSS_SELECTOR, ".tip").text
    drawing.send_keys(Keys.ESCAPE)
    assert browser.find_element(By.CSS_SELECTOR, ".tip").text == ""
    assert "link.mean_snr_db: -5" in first
    assert "link.mean_snr_db: 10" in second
    assert first.startswith(f"zebra {HOSTILE}")


def test_filters_hide_rows_lines_and_pairs(opened, pages):
    browser = opened(pages["report"])
    marks = len(browser.find_elements(By.CSS_SELECTOR, ".drawing .mark"))
    for box in ("[name=codec][value='0']", "[name=d0][value='1']"):
        browser.find_element(By.CSS_SELECTOR, f".filters {box}").click()
    assert column(browser, 0) == ["apple"] * 3
    assert column(browser, 1) == ["-5"] * 3
    assert column(browser, 0, table=1) == []
    assert browser.find_element(By.CSS_SELECTOR, ".count").text == "3"
    assert len(browser.find_elements(By.CSS_SELECTOR, ".drawing .mark")) == marks / 2
    browser.find_element(By.ID, "all").click()
    assert len(column(browser, 0)) == 12


def test_runs_are_filtered_too(opened, pages):
    browser = opened(pages["compare"])
    browser.find_element(By.CSS_SELECTOR, ".filters [name=run][value='0']").click()
    assert set(column(browser, 3)) == {"two"}


def test_intervals_are_shown_on_demand_and_on_hovering(opened, pages):
    browser = opened(pages["report"])
    small = browser.find_element(By.CSS_SELECTOR, ".results small")
    assert not small.is_displayed()
    assert "95 % interval" in browser.find_element(By.CSS_SELECTOR, ".results td[title]").get_attribute(
        "title"
    )
    browser.find_element(By.ID, "intervals").click()
    assert small.is_displayed()


def test_the_plot_goes_over_the_deadline_as_well(opened, pages):
    browser = opened(pages["report"])
    browser.find_elements(By.CSS_SELECTOR, ".axes select")[0].send_keys("deadline")
    texts = [text.text for text in browser.find_elements(By.CSS_SELECTOR, ".drawing text")]
    assert {"deadline (ms)", "50", "100", "200"} <= set(texts)
    assert len(browser.find_elements(By.CSS_SELECTOR, ".drawing .mark")) == 2 * 3


@pytest.mark.parametrize(("system", "other"), [("light", "dark"), ("dark", "light")])
def test_the_system_chooses_the_colours_and_a_button_changes_them(opened, pages, system, other):
    browser = opened(pages["report"], scheme=system)
    paper = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}
    colour = "return getComputedStyle(document.body).backgroundColor"
    assert browser.execute_script(colour) == paper[system]
    browser.find_element(By.ID, "scheme").click()
    assert browser.execute_script(colour) == paper[other]


@pytest.mark.parametrize("page", ["report", "compare"])
def test_a_phone_needs_no_sideways_scrolling(opened, pages, page):
    browser = opened(pages[page], width=390)
    assert browser.execute_script("return [innerWidth, document.documentElement.scrollWidth]") == [390, 390]


def test_no_finding_is_cut_and_print_unfolds_the_rest(opened, pages):
    browser = opened(pages["many"], width=390)
    shown, folded = browser.find_elements(By.CSS_SELECTOR, ".findings")
    cut = "return arguments[0].scrollHeight > arguments[0].clientHeight"
    visible = "return arguments[0].checkVisibility({contentVisibilityAuto: true})"
    assert not browser.execute_script(cut, shown)
    assert not folded.is_displayed()
    browser.find_element(By.CSS_SELECTOR, ".rest summary").click()
    assert folded.is_displayed()
    browser.find_element(By.CSS_SELECTOR, ".rest summary").click()
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        WebDriverWait(browser, 10).until(lambda _: browser.execute_script(visible, folded))
        assert folded.size["height"] > 20
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_shadow_tells_that_a_table_goes_on(opened, pages):
    browser = opened(pages["report"], width=600)
    table = browser.find_element(By.CSS_SELECTOR, ".wide")
    assert browser.execute_script("return arguments[0].scrollWidth > arguments[0].clientWidth", table)
    going_on = right_edge(browser, table)
    browser.execute_script("arguments[0].scrollLeft = arguments[0].scrollWidth", table)
    assert going_on < right_edge(browser, table) == 255


def test_it_prints_with_all_rows_and_without_buttons(opened, pages):
    browser = opened(pages["report"])
    printed = base64.b64decode(
        browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
    )
    assert printed.startswith(b"%PDF")
    assert len(printed) > 10_000
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        controls = browser.find_elements(By.CSS_SELECTOR, "header, button:not(th button), .filters input")
        assert [control for control in controls if control.is_displayed()] == []
        assert browser.find_element(By.CSS_SELECTOR, ".filters .swatch").is_displayed()
        wide = browser.find_element(By.CSS_SELECTOR, ".wide")
        assert wide.value_of_css_property("overflow") == "visible"
        assert wide.value_of_css_property("max-height") == "none"
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_without_scripts_the_numbers_are_there(opened, pages, browser):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page = opened(pages["report"])
        assert not page.find_element(By.CSS_SELECTOR, ".filters").is_displayed()
        assert page.find_element(By.CSS_SELECTOR, ".results td").is_displayed()
        assert page.find_element(By.TAG_NAME, "img").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
