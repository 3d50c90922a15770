"""svg.py - a page to draw on: rectangles, lines and words, readable on light and on dark grounds.

Colours are classes (c0 ... c5 series, ink, dim, grid, page), so that a viewer's scheme decides."""

import math
from xml.sax.saxutils import escape, quoteattr

LIGHT = {"page": "#ffffff", "ink": "#1d2330", "dim": "#667084", "grid": "#dfe3ea",
         "c0": "#1f6fd6", "c1": "#8a94a6", "c2": "#cf7a1c", "c3": "#2b9a6b", "c4": "#8657c4",
         "c5": "#c4453c"}
DARK = {"page": "#14171d", "ink": "#e6e9ef", "dim": "#9aa3b2", "grid": "#2c323c",
        "c0": "#5aa2ff", "c1": "#7d8798", "c2": "#f0a04b", "c3": "#4fc793", "c4": "#b48bf0",
        "c5": "#f0776e"}
SERIES = ("c0", "c2", "c3", "c4", "c5", "c1")
FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"


def styles(colours):
    return "".join(f".{name}{{fill:{colour}}}.s-{name}{{stroke:{colour}}}"
                   for name, colour in colours.items())


class Page:
    def __init__(self, width, height, title):
        self.width, self.height, self.title = width, height, title
        self.parts = []

    def rect(self, x, y, width, height, colour, name=None):
        told = f"<title>{escape(name)}</title>" if name else ""
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
                          f'height="{height:.1f}" class="{colour}">{told}</rect>')

    def line(self, x1, y1, x2, y2, colour, width=1.0, dashes=None):
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'class="s-{colour}" stroke-width="{width}"{dashed}/>')

    def curve(self, points, colour, dashes=None, dots=False):
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" class="s-{colour}" stroke-width="2" '
                          f'stroke-linejoin="round"{dashed} style="fill:none"/>')
        for x, y in points if dots else ():
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" class="{colour}"/>')

    def text(self, x, y, words, colour="ink", size=12, anchor="start", bold=False):
        weight = ' font-weight="600"' if bold else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{colour}" font-size="{size}" '
                          f'text-anchor="{anchor}"{weight}>{escape(words)}</text>')

    def legend(self, x, y, entries):
        """[(colour, words, dashes)] from left to right."""
        for colour, words, dashes in entries:
            self.line(x, y - 4, x + 22, y - 4, colour, 3, dashes)
            self.text(x + 28, y, words, "ink", 12)
            x += 28 + 7 * len(words) + 18

    def render(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
                f'width="{self.width}" height="{self.height}" role="img" '
                f'aria-label={quoteattr(self.title)} font-family="{FONT}">\n'
                f"<title>{escape(self.title)}</title>\n<style>{styles(LIGHT)}"
                f"@media (prefers-color-scheme: dark){{{styles(DARK)}}}</style>\n"
                f'<rect width="{self.width}" height="{self.height}" class="page"/>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def ticks(largest, count=5):
    """Round numbers from 0 to at least the largest."""
    if largest <= 0:
        return [0, 1]
    rough = largest / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= rough * 0.999)
    return [i * step for i in range(math.ceil(largest / step - 1e-9) + 1)]


def short(number):
    """1234567 -> 1.23 M, as labels have it."""
    for limit, divisor, unit in ((1e9, 1e9, " G"), (1e6, 1e6, " M"), (1e4, 1e3, " k")):
        if abs(number) >= limit:
            return f"{number / divisor:.3g}{unit}"
    return f"{number:.4g}"


class Chart:
    """Axes on a page: at(x, y) is where a value lies. scale "log" takes positive values only."""

    def __init__(self, page, box, x_max, y_ticks, scale="linear"):
        self.page, self.scale = page, scale
        self.left, self.top, self.right, self.bottom = box
        self.x_max, self.y_ticks = x_max, y_ticks
        for value in y_ticks:
            y = self.y(value)
            page.line(self.left, y, self.right, y, "grid")
            page.text(self.left - 8, y + 4, short(value), "dim", 11, "end")

    def x(self, value):
        return self.left + (self.right - self.left) * value / self.x_max

    def y(self, value):
        low, high = self.y_ticks[0], self.y_ticks[-1]
        if self.scale == "log":
            part = math.log(value / low) / math.log(high / low)
        else:
            part = (value - low) / (high - low)
        return self.bottom - (self.bottom - self.top) * part

    def at(self, x, y):
        return self.x(x), self.y(y)

    def label_x(self, value, words):
        self.page.text(self.x(value), self.bottom + 18, words, "dim", 11, "middle")

    def name_axes(self, x_words, y_words):
        self.page.text((self.left + self.right) / 2, self.bottom + 38, x_words, "dim", 12, "middle")
        self.page.text(self.left - 8, self.top - 12, y_words, "dim", 12, "start")
