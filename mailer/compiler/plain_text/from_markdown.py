"""Parsed Markdown → the blocks of the text part."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from mailer.compiler.plain_text.blocks import code, heading, rule, table
from mailer.compiler.plain_text.from_html import html_text
from mailer.compiler.plain_text.line import MARKS, Line, link, marked, picture, tidy_line
from mailer.compiler.plain_text.wrapping import WIDTH, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from markdown_it.tree import SyntaxTreeNode


def blocks(
    nodes: Sequence[SyntaxTreeNode], number: Callable[[str], int], width: int = WIDTH
) -> Iterator[str]:
    """The text of each block that has one.

    Args:
        nodes: of the parsed Markdown.
        number: a footnote's label → its number.
        width: in columns.
    """
    for node in nodes:
        text = _block(node, number, width)
        if text:
            yield text


def _block(node: SyntaxTreeNode, number: Callable[[str], int], width: int) -> str:
    match node.type:
        case "heading":
            return heading(inline(node, number), node.tag, width)
        case "bullet_list" | "ordered_list":
            return _list(node, number, width)
        case "blockquote":
            inner = "\n\n".join(blocks(node.children, number, width - 2))
            return textwrap.indent(inner, "> ", lambda _: True).replace("> \n", ">\n")
        case "dl" | "dd":
            return _definitions(node, number, width)
        case "hr":
            return rule(width)
        case "fence":
            return code(node.content)
        case "html_block":
            return html_text(node.content, width)
        case "table":
            return _table(node, number, width)
        case _:
            return wrap(inline(node, number), width)


def _list(node: SyntaxTreeNode, number: Callable[[str], int], width: int) -> str:
    start = int(node.attrs.get("start", 1))
    items: list[str] = []
    loose = False
    for i, item in enumerate(node.children):
        mark = f"{start + i}. " if node.type == "ordered_list" else "- "
        parts = list(blocks(item.children, number, width - len(mark)))
        # markdown-it hides the paragraphs of a tight list
        tight = all(child.hidden or child.type != "paragraph" for child in item.children)
        loose = loose or not tight
        body = ("\n" if tight else "\n\n").join(parts)
        items.append((mark + textwrap.indent(body, " " * len(mark)).lstrip()).rstrip())
    return ("\n\n" if loose else "\n").join(items)


def _definitions(node: SyntaxTreeNode, number: Callable[[str], int], width: int) -> str:
    if node.type == "dl":
        return "\n".join(blocks(node.children, number, width))
    return textwrap.indent("\n\n".join(blocks(node.children, number, width - 4)), "    ")


def _table(node: SyntaxTreeNode, number: Callable[[str], int], width: int) -> str:
    rows = [row for part in node.children for row in part.children]
    cells = [[tidy_line(inline(cell, number)) for cell in row.children] for row in rows]
    styles = [str(cell.attrs.get("style", "")) for cell in rows[0].children]
    return table(cells, [style.removeprefix("text-align:") for style in styles], width)


def inline(node: SyntaxTreeNode, number: Callable[[str], int]) -> str:
    """The text of what stands in a paragraph, HTML tags in it included."""
    line = Line()
    for child in node.children:
        if child.type == "html_inline":
            line.tag(child.content)
        else:
            line.add(_span(child, number))
    return line.text()


def _span(node: SyntaxTreeNode, number: Callable[[str], int]) -> str:
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "strong" | "em" | "s":
            return marked(inline(node, number), MARKS[node.type])
        case "link":
            return link(inline(node, number), str(node.attrs["href"]))
        case "image":
            return picture(_unmarked(node))
        case "footnote_ref":
            return f"[{number(node.meta['label'])}]"
        case _:
            return inline(node, number)


def _unmarked(node: SyntaxTreeNode) -> str:
    """The text without the marks of emphasis, as an alt text shows it."""
    return node.content if not node.children else "".join(map(_unmarked, node.children))
