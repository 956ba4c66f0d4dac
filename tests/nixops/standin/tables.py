"""Tables as NixOps prints them."""


def table(titles, rows, centered=(), right=()):
    """Cells may have several lines. Titles are on the left unless their column is centered."""
    rows = [[str(cell) for cell in row] for row in rows]
    columns = range(len(titles))
    widths = [max(len(line) for row in [titles, *rows] for line in row[c].split("\n")) for c in columns]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"

    def placed(text, column, title=False):
        space = widths[column] - len(text)
        if titles[column] in centered:
            return " " * (space - space // 2) + text + " " * (space // 2)
        return text.rjust(widths[column]) if titles[column] in right and not title else text.ljust(widths[column])

    def lines(row, title=False):
        cells = [cell.split("\n") for cell in row]
        for i in range(max(map(len, cells))):
            parts = [placed(cells[c][i] if i < len(cells[c]) else "", c, title) for c in columns]
            yield "| " + " | ".join(parts) + " |"

    body = [line for row in rows for line in lines(row)]
    return "\n".join([rule, *lines(titles, title=True), rule, *body, rule])


def yes_or_no(value):
    return {None: "N/A", True: "Yes", False: "No"}[value]
