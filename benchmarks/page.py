"""The page in a browser, `python -m benchmarks.page`: its weight, when it can be used, how soon an answer is there.

An answer's time is from the click on a variable until its formula is in the page; every question is a new one, asked
on a page that has loaded, so that no answer is a kept one.
"""

from __future__ import annotations

import os

from benchmarks.common import milliseconds, percentile, show
from closedform.practice.bank import PATTERNS
from tests.web.browser import browser
from tests.web.serving import serving

LOADED = """
const entries = [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")];
const sum = (what) => entries.reduce((total, e) => total + e[what], 0);
const page = performance.getEntriesByType("navigation")[0];
return [sum("decodedBodySize"), sum("transferSize"), page.domInteractive, page.loadEventEnd];
"""
ASK = """
const [f, by, told, done] = arguments;
const field = document.getElementById("f");
document.getElementById("let").value = told;
field.value = f;
field.dispatchEvent(new Event("input"));
const poll = () => {
  const variable = document.querySelector(`#preview .variable[data-by="${by}"]`);
  if (!variable) return setTimeout(poll, 5);
  const start = performance.now();
  const answer = document.getElementById("answer");
  const seen = new MutationObserver(() => {
    if (answer.querySelector(".whole math")) { seen.disconnect(); done(performance.now() - start); }
  });
  seen.observe(answer, { childList: true, subtree: true });
  variable.dispatchEvent(new MouseEvent("click", { bubbles: true }));
};
poll();
"""


def main() -> None:
    loads, times = [], []
    with serving() as address, browser() as page:
        for _ in range(5):
            page.get(address)
            loads.append(page.execute_script(LOADED))
        for i, p in enumerate(PATTERNS):
            page.get(address)
            asked = (f"1.{i:04d}1*({p.function})", p.wrt.split()[0], p.let)
            times.append(page.execute_async_script(ASK, *asked) / 1e3)
    weight, sent, *_ = loads[0]
    interactive, complete = (percentile([load[i] for load in loads], 0.5) for i in (2, 3))
    rows = [
        ("weight of the page", f"{weight / 1e3:.0f} kB, {sent / 1e3:.0f} kB sent"),
        ("interactive, loaded", f"{interactive:.0f} ms, {complete:.0f} ms"),
        ("from the click to the answer: best", milliseconds(min(times))),
        *((f"{share:.0%} of the answers within", milliseconds(percentile(times, share))) for share in (0.5, 0.9, 1.0)),
        ("load of the machine", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"),
    ]
    show(f"{len(times)} first answers", ["", ""], rows)


if __name__ == "__main__":
    main()
