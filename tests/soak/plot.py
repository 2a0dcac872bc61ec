"""plot - the rows of a soak as an SVG, one panel a figure

SPDX-License-Identifier: MIT
"""
import csv

PANELS = (("rss_mib", "resident memory, MiB"), ("disk_mib", "disk, MiB"), ("per_s", "messages a second"),
          ("p99_us", "p99 of an answer, us"), ("max_us", "longest answer, us"))
WIDTH, HEIGHT, LEFT, GAP = 900, 140, 70, 46


def panel(rows, key, title, top):
    """One curve with its highest value and the bounds of time."""
    xs, ys = [float(r["s"]) for r in rows], [float(r[key]) for r in rows]
    x_max, y_max = max(xs) or 1, max(ys) or 1
    points = " ".join(f"{LEFT + x / x_max * WIDTH:.1f},{top + HEIGHT - y / y_max * HEIGHT:.1f}"
                      for x, y in zip(xs, ys))
    return (f'<text x="{LEFT}" y="{top - 6}">{title}</text>\n'
            f'<text x="4" y="{top + 12}">{y_max:.0f}</text><text x="4" y="{top + HEIGHT}">0</text>\n'
            f'<text x="{LEFT + WIDTH - 60}" y="{top + HEIGHT + 14}">{x_max:.0f} s</text>\n'
            f'<rect x="{LEFT}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#bbb"/>\n'
            f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="1.5"/>\n')


def write(source, target, title):
    """Draws `source`, a CSV, into `target`."""
    with open(source, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return
    height = 40 + len(PANELS) * (HEIGHT + GAP)
    with open(target, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 20}" height="{height}" '
                   f'font-family="sans-serif" font-size="12">\n<text x="{LEFT}" y="18">{title}</text>\n')
        for number, (key, name) in enumerate(PANELS):
            file.write(panel(rows, key, name, 44 + number * (HEIGHT + GAP)))
        file.write("</svg>\n")
