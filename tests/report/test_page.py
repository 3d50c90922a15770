"""The report page of a run that went well, of one that failed, and of one that was killed.

What the page holds is checked on its text; that it loads without a complaint, sorts, filters and
fits the screen, in a headless Chromium. VSSRESTORE_SHOTS=DIR keeps pictures of every look of it.
"""

import fcntl
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import SOURCE_ROOT, Folder, Skip, expect, run_cases, vssrestore # noqa: E402
from units import make_set # noqa: E402
from chromium import Chromium, program # noqa: E402

HOSTILE = ("a\nb.txt", "red\x1b[31m.txt", "<script>alert(1)<-script>.txt", "quote\"'&amp;.txt",
           "turned\u202egpj.exe", "x" * 150 + ".txt")
WIDTHS = (400, 1400)


def make_runs(folder):
    """Run folders good, bad (a damaged piece, a unit refused at its place) and killed."""
    os.makedirs(folder / "c/small")
    make_set(folder, {"small": (300, 3000), "large": (3, 3 << 20), "tiny": (2, 100)},
             seed=lambda: [write(folder / "c/small" + b"/" + os.fsencode(name)) for name in HOSTILE])
    vssrestore("run", folder / "set", "--root", folder / "ok", "--run-dir", folder / "good")
    pack = folder / "set/packs/pack-000000.tar.lz4"
    with open(pack, "r+b") as file:
        file.seek(os.path.getsize(pack) * 2 // 3)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    os.makedirs(folder / "ko/C/tiny/0")
    vssrestore("run", folder / "set", "--root", folder / "ko", "--run-dir", folder / "bad",
               codes=(20,))
    shutil.copytree(folder / "good", folder / "killed")
    for name in (b"summary.json", b"report.jsonl", b"profile.json"):
        os.unlink(folder / "killed" + b"/" + name)


def write(path):
    with open(path, "wb") as file:
        file.write(b"hostile" * 1000)


def page_of(folder, run):
    out = folder / (run + ".html")
    vssrestore("report", folder / run, "-o", out)
    with open(out, "rb") as file:
        return file.read()


def the_page_says_what_happened():
    with Folder() as folder:
        make_runs(folder)
        good, bad, killed = (page_of(folder, run) for run in ("good", "bad", "killed"))
        for text in (b"Everything was restored<", b"Exit code 0", b"Slowest files", b"small"):
            expect(text in good, f"the good page lacks {text}")
        for text in (b"Not everything was restored<", b"Exit code 20", b"MEDIA_CORRUPT",
                     b"NOT_REPLACEABLE", b"vssrestore verify", b"WITHDRAWN", b"Refused",
                     b"from another copy of the set", b"refused or damaged, below", b">Why<"):
            expect(text in bad, f"the bad page lacks {text}")
        odd = re.findall(rb'<tr data-kind="[A-Z_]+">.*?data-label="Size" data-value="(\d+)"', bad)
        expect(set(odd) <= {b"0", b"100", b"3000", b"7000", b"3145728"} and odd.count(b"0") <= 3,
               f"sizes as planned, of files; the folders have none: {odd}")
        expect(b">Why<" not in good and b"What to do now" not in good, "reasons for nothing")
        for text in (b"The run was interrupted", b"vssrestore resume"):
            expect(text in killed, f"the killed page lacks {text}")
        expect(b"<table" not in killed, "tables of nothing")
        with open(folder / "good/journal", "rb") as journal:
            fcntl.flock(journal, fcntl.LOCK_EX)
            going_on = page_of(folder, "good")
        for text in (b"The run goes on", b"vssrestore ctl"):
            expect(text in going_on, f"the page of a run that goes on lacks {text}")
        for page in (good, bad, killed):
            expect(not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", page), "control characters")
            expect("\u202e".encode() not in page, "a character that turns the text")
            expect(page.count(b"<script>") == 1, "a script that is not ours")
            expect(b"http-equiv=\"Content-Security-Policy\"" in page, "no policy")
            expect(not re.search(rb"(src|href)=", page), "something is loaded")
        expect(rb"a\nb.txt" in good and rb"red\x1b[31m.txt" in good, "escapes that can be read")


def a_page_of_chosen_files_says_so():
    """Nothing failed and nothing was lost: what is not there was not asked for."""
    with Folder() as folder:
        make_set(folder, {"small": (3, 3000), "large": (1, 10000), "tiny": (2, 100)})
        told = vssrestore("run", folder / "set", "--root", folder / "root", "--run-dir",
                          folder / "some", "--file", "C:\\tiny\\0", codes=(1,)).out
        page = page_of(folder, "some")
        for text in (b"its chosen files are restored, and no others", b"no file of it was chosen"):
            expect(text in told and text in page, f"neither page nor summary may lack {text}: {told}")
        expect(b"NONE   Three: large: no file of it was chosen\n" in told, told)
        expect(b">The chosen files were restored<" in page and b"losses" not in page, "the verdict")
        found = re.findall(rb'<tr data-kind="([A-Za-z ]+)"><td class="name">([a-z]+)', page)
        expect(sorted(found) == [(b"In part", b"tiny"), (b"Not chosen", b"large"),
                                 (b"Not chosen", b"small")], f"{found}")
        offered = re.findall(rb"<option>([^<]+)</option>", page)
        expect(offered == [b"In part", b"Not chosen"], f"what can be chosen from: {offered}")


def make_one_damaged(folder):
    """A run of which one file of many fails, and 300 others with it."""
    make_set(folder, {"small": (300, 3000), "large": (1, 10000), "tiny": (2, 100)})
    with open(folder / "c/small/7", "rb") as file:
        data = file.read()
    with open(folder / "set/packs/pack-000000.tar.lz4", "r+b") as pack:
        pack.seek(pack.read().index(data[:64]))
        pack.write(bytes([data[0] ^ 1]))
    vssrestore("run", folder / "set", "--root", folder / "root", "--run-dir", folder / "one",
               codes=(20,))
    return page_of(folder, "one")


def what_merely_followed_is_folded():
    """Behind what failed, which stands open; and what was staged of it is not called restored."""
    with Folder() as folder:
        page = make_one_damaged(folder)
        cause, fold, end = (page.index(text) for text in (
            b'<tr data-kind="MEDIA_CORRUPT">', b"<details><summary", b"</details>"))
        withdrawn = [one.start() for one in re.finditer(b'<tr data-kind="WITHDRAWN">', page)]
        expect(cause < fold < withdrawn[0] and withdrawn[-1] < end < page.index(b"Throughput"),
               f"{cause}, {fold}, {withdrawn[0]} to {withdrawn[-1]}, {end}")
        expect(len(withdrawn) == 300, f"{len(withdrawn)}: 299 files and their folder")
        expect(b'data-value="897000">897 kB<small>staged only</small>' in page, "of the component")
        expect(b'data-value="10000">10.0 kB</td>' in page, "what is restored is not said to be less")
        largest = page[page.index(b"Largest files"):]
        expect(largest.count(b"<small>small, staged only, not restored</small>") == 9 and
               b"<small>large</small>" in largest, largest[:3000])


def what_waits_for_the_throttle_is_called_so():
    """It counts as such in any throttled run; how long it waited is made up."""
    with Folder() as folder:
        make_set(folder, {"small": (20, 3000), "large": (1, 10000), "tiny": (2, 100)})
        for name, words in (("slow", ("--throttle", "1M")), ("fast", ())):
            vssrestore("run", folder / "set", "--root", folder / ("root " + name), "--run-dir",
                       folder / name, *words)
            with open(folder / name + b"/profile.json", encoding="utf-8") as file:
                profile = json.load(file)
            counted = sum(worker["pace"]["count"] for worker in profile["workers"])
            expect((counted > 0) == (name == "slow"), f"{name}: waited {counted} times")
            for worker in profile["workers"]:
                worker["pace"]["ns"] = 10 ** 9 if counted > 0 else 0
            with open(folder / name + b"/profile.json", "w", encoding="utf-8") as file:
                json.dump(profile, file)
            legend = b"<span>Throttled or paused</span>" in page_of(folder, name)
            expect(legend == (name == "slow"), f"{name}: is the throttle named? {legend}")


def each_cause_is_followed_by_what_to_do():
    """Of a run that would have ended otherwise: its summary is all that tells how."""
    with Folder() as folder:
        make_set(folder, {"small": (3, 3000), "large": (1, 10000), "tiny": (2, 100)})
        vssrestore("run", folder / "set", "--root", folder / "root", "--run-dir", folder / "one")
        with open(folder / "one/summary.json", encoding="utf-8") as file:
            summary = json.load(file)
        for code, words in ((20, b"verify"), (21, b"verify"), (30, b"Make room"), (31, b"as a user"),
                            (32, b"why the destination failed"), (143, b"vssrestore resume")):
            summary["exit_code"] = code
            for unit in summary["units"]:
                unit.update(status="NONE", whole=False, cause="it failed")
            with open(folder / "one/summary.json", "w", encoding="utf-8") as file:
                json.dump(summary, file)
            page = page_of(folder, "one")
            to_do = re.search(rb"What to do now</h2><ol>(.*?)</ol>", page, re.S)
            expect(to_do is not None and words in to_do[1], f"{code}: {to_do and to_do[1]}")


def what_is_no_run_is_told():
    with Folder() as folder:
        for path in (folder.path, folder / "nowhere"):
            result = vssrestore("report", path, "-o", folder / "page", codes=(11,))
            expect(b"run folder" in result.err, result.told())
            expect(not os.path.exists(folder / "page"), "a page was made")
        os.mkdir(folder / "odd")
        with open(folder / "odd/run.json", "w", encoding="utf-8") as file:
            json.dump({"run": 7, "volumes": "no", "files": -1, "units": []}, file)
        with open(folder / "odd/summary.json", "w", encoding="utf-8") as file:
            json.dump({"units": [7, {"writer": ["x"]}], "actions": [{"unit": 99}], "files": []}, file)
        with open(folder / "odd/profile.json", "w", encoding="utf-8") as file:
            json.dump({"samples": [7, [1], ["a", {}, -5]], "slowest": [{}], "control": 1,
                       "workers": [1, {"read": 5}]}, file)
        with open(folder / "odd/report.jsonl", "w", encoding="utf-8") as file:
            file.write('no json\n7\n{"outcome":"RESTORED","unit":1e99}\n{"outcome":5}\n{"outcome":')
        vssrestore("report", folder / "odd", "-o", folder / "page")
        expect(os.path.getsize(folder / "page") > 5000, "a page of what can be read")
        with open(folder / "odd/summary.json", "w", encoding="utf-8") as file: # each once
            json.dump({"actions": [{"unit": 0, "text": f"do {i // 2}"} for i in range(400000)]}, file)
        vssrestore("report", folder / "odd", "-o", folder / "page")
        with open(folder / "page", "rb") as file:
            expect(file.read().count(b"do 199999") == 1, "an action twice, or not at all")
        os.unlink(folder / "odd/report.jsonl")
        os.mkfifo(folder / "odd/report.jsonl") # nobody writes into it, ever
        vssrestore("report", folder / "odd", "-o", folder / "page")


def the_manual_tells_the_bounds():
    def number(path, name):
        with open(os.path.join(SOURCE_ROOT, path), encoding="utf-8") as source:
            return f"{int(re.search(rf'{name} = ([0-9]+)', source.read())[1]):,}"

    files, top = (number("src/report/page.h", name) for name in ("PAGE_FILES_MAX", "PAGE_TOP_MAX"))
    slow = number("src/run/run_page.c", "SLOW_MS_MIN")
    kept = number("src/engine/slow_files.h", "SLOW_FILES_MAX")
    with open(os.path.join(SOURCE_ROOT, "tools/manuals/vssrestore-report.1.md"),
              encoding="utf-8") as manual:
        text = " ".join(manual.read().split())
    for words in (f"{files} that are not as planned", f"the {top} largest",
                  f"the {top} slowest of those that took {slow} ms or more",
                  f"*profile.json* the {kept} slowest"):
        expect(words in text, f"the manual does not say: {words}")


def column(page, section, number):
    return page.run(f"Array.from(document.querySelectorAll('section')[{section}]"
                    f".querySelectorAll('tbody tr')).filter(r => !r.hidden).map(r => {{ const c = "
                    f"r.cells[{number}]; return c.dataset.value !== undefined ? "
                    "Number(c.dataset.value) : c.textContent.trim() })")


def is_in_order(page, values, way, where):
    """Numbers by their size; words as people look them up: no capitals before others, 10 after 9."""
    values = values[::-1] if way == "descending" else values
    if values and isinstance(values[0], (int, float)):
        expect(values == sorted(values), f"{where}, {way}: {values}")
        return
    wrong = page.run(f"""((values) => {{
      const order = new Intl.Collator("en", {{ numeric: true }}).compare;
      return values.slice(1).map((value, i) => [values[i], value]).filter(([a, b]) => order(a, b) > 0);
    }})({json.dumps(values)})""")
    expect(wrong == [], f"{where}, {way}: not in order: {wrong}")


def check_tables(page):
    """Each column of each table sorts both ways; searching and choosing leave what fits."""
    count = page.run("document.querySelectorAll('section').length")
    for section in range(count):
        heads = page.run(f"document.querySelectorAll('section')[{section}]"
                         ".querySelectorAll('th button').length")
        for number in range(heads):
            click = (f"document.querySelectorAll('section')[{section}].querySelectorAll("
                     f"'th button')[{number}].click()")
            seen = []
            for _ in range(2):
                page.run(click)
                values = column(page, section, number)
                seen.append(page.run(f"document.querySelectorAll('section')[{section}]"
                                     f".querySelectorAll('th')[{number}].getAttribute('aria-sort')"))
                is_in_order(page, values, seen[-1], f"section {section}, column {number}")
            expect(sorted(seen) == ["ascending", "descending"], f"both ways: {seen}")
    table = "document.querySelector('section[data-table]')"
    names = page.run(f"{table}.querySelectorAll('tbody tr').length")
    page.run(f"{table}.querySelector('input').value = 'LARGE'; {table}.querySelector('input')"
             ".dispatchEvent(new Event('input'))")
    shown = page.run(f"Array.from({table}.querySelectorAll('tbody tr')).filter(r => "
                     "r.checkVisibility()).length")
    expect((names, shown) == (3, 1), f"search: {names}, {shown}")
    expect(page.run(f"{table}.querySelector('.count').textContent") == "1 of 3 components", "count")
    page.run(f"{table}.querySelector('input').value = 'nothing has this'; "
             f"{table}.querySelector('input').dispatchEvent(new Event('input'))")
    expect(page.run(f"{table}.querySelector('.empty').checkVisibility()"), "it says that none fits")
    page.run(f"{table}.querySelector('input').value = ''; {table}.querySelector('select').value = "
             f"'Whole'; {table}.querySelector('select').dispatchEvent(new Event('change'))")
    kinds = page.run(f"Array.from({table}.querySelectorAll('tbody tr')).filter(r => !r.hidden)"
                     ".map(r => r.dataset.kind)")
    expect(kinds and set(kinds) == {"Whole"}, f"choice: {kinds}")


# Text against the ground that it stands on (WCAG 2: at least 4.5), for all elements with words.
CONTRAST = """(() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 :
    ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  let worst = [99, ""];
  for (const e of document.querySelectorAll("main *")) {
    const own = Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility()) continue;
    let ground = e, colour;
    do { colour = parse(getComputedStyle(ground).backgroundColor); ground = ground.parentElement; }
    while (colour.length === 4 && colour[3] === 0 && ground);
    const a = light(parse(getComputedStyle(e).color).slice(0, 3)), b = light(colour.slice(0, 3));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst[0]) worst = [ratio, e.tagName + "." + e.className + ": " + e.textContent];
  }
  return worst;
})()"""

# Words that are cut off or stand outside of the screen.
OUTSIDE = """Array.from(document.querySelectorAll("main *")).filter((e) => e.checkVisibility() &&
  !e.closest("svg") && (e.getBoundingClientRect().right > innerWidth + 0.5 ||
  e.getBoundingClientRect().left < -0.5)).map((e) => e.tagName + "." + e.className)"""


def check_look(browser, folder, run, width, dark):
    page = browser.open(os.fsdecode(folder / (run + ".html")), width=width, dark=dark)
    where = f"{run}, {width} px, {'dark' if dark else 'light'}"
    expect(page.run("document.documentElement.scrollWidth") <= width, f"{where}: wider than that")
    expect(page.run(OUTSIDE) == [], f"{where}: outside: {page.run(OUTSIDE)}")
    ratio, text = page.run(CONTRAST)
    expect(ratio >= 4.5, f"{where}: contrast {ratio:.2f} of {text}")
    ground = page.run("getComputedStyle(document.body).backgroundColor")
    expect((int(re.findall(r"\d+", ground)[0]) < 100) == dark, f"{where}: {ground}")
    if os.environ.get("VSSRESTORE_SHOTS"):
        page.screenshot(os.path.join(os.environ["VSSRESTORE_SHOTS"], where.replace(", ", "-") + ".png"))
    if run != "killed":
        check_tables(page)
        if page.run("document.querySelector('.chart') !== null"):
            page.run("(() => { const s = document.querySelector('.plot'); const b = "
                     "s.getBoundingClientRect(); s.dispatchEvent(new PointerEvent('pointermove', "
                     "{clientX: b.left + b.width / 2})) })()")
            told = page.run("document.querySelector('.readout').textContent")
            expect(re.match(r"at .*: .*/s$", told), f"{where}: the chart reads \"{told}\"")
    expect(page.errors() == [], f"{where}: the console was told {page.errors()}")
    expect(len(page.requests()) == 1, f"{where}: {page.requests()}")


def a_browser_has_nothing_to_complain_of():
    if program() is None:
        raise Skip("no chromium here")
    with Folder() as folder:
        make_runs(folder)
        for run in ("good", "bad", "killed"):
            page_of(folder, run)
        with Chromium() as browser:
            for run in ("good", "bad", "killed"):
                for width in WIDTHS:
                    for dark in (False, True):
                        check_look(browser, folder, run, width, dark)


def a_page_of_many_failures_is_no_scroll():
    if program() is None:
        raise Skip("no chromium here")
    with Folder() as folder, Chromium() as browser:
        make_one_damaged(folder)
        for width, most in zip(WIDTHS, (6500, 4000)):
            page = browser.open(os.fsdecode(folder / "one.html"), width=width)
            height = page.run("document.documentElement.scrollHeight")
            expect(height <= most, f"{height} px at {width}")
            page.run("document.querySelector('details').open = true")
            grown = page.run("document.documentElement.scrollHeight")
            expect(height < grown <= height + 1200, f"unfolded: {grown} px instead of {height}")
            expect(page.run("document.querySelectorAll('details tbody tr').length") == 300, "rows")
            expect(page.run(OUTSIDE) == [], f"outside: {page.run(OUTSIDE)}")


run_cases({case.__name__: case for case in (
    the_page_says_what_happened, a_page_of_chosen_files_says_so,
    each_cause_is_followed_by_what_to_do, what_is_no_run_is_told,
    what_merely_followed_is_folded, what_waits_for_the_throttle_is_called_so,
    the_manual_tells_the_bounds, a_browser_has_nothing_to_complain_of,
    a_page_of_many_failures_is_no_scroll)})
